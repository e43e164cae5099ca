-- Every fact at once, for an empty database of PostgreSQL 15 or later, in which the roles are there.

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'what happened';
GRANT USAGE ON SCHEMA audit TO pwmig_reader WITH GRANT OPTION;
CREATE SCHEMA "Odd ""place""";

CREATE COLLATION nocase (provider = libc, locale = 'C');
COMMENT ON COLLATION nocase IS 'by bytes';

CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE mood ADD VALUE 'so so' BEFORE 'happy';
COMMENT ON TYPE mood IS 'how one feels';
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO pwmig_reader;
CREATE TYPE audit.level AS ENUM ('low', 'high');

CREATE FUNCTION is_short(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS $f$ BEGIN RETURN (SELECT length($1) < 50 FROM missing_until_later); EXCEPTION WHEN undefined_table THEN RETURN true; END $f$;
CREATE FUNCTION is_short(integer, upto integer DEFAULT 100) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    COST 5 SET search_path = public AS 'SELECT $1 < upto';
COMMENT ON FUNCTION is_short(integer, integer) IS 'with a % in it';
REVOKE EXECUTE ON FUNCTION is_short(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_short(text) TO "pwmig ""Writer""";

CREATE DOMAIN short AS varchar(60) COLLATE "C" DEFAULT 'none' NOT NULL
    CONSTRAINT "is short" CHECK (is_short(VALUE::text)) CONSTRAINT not_empty CHECK (VALUE <> '');
COMMENT ON DOMAIN short IS 'a short text';
COMMENT ON CONSTRAINT not_empty ON DOMAIN short IS 'or else';
ALTER DOMAIN short ADD CONSTRAINT new_ones CHECK (VALUE <> 'x') NOT VALID;
CREATE DOMAIN audit.posint AS integer CHECK (VALUE > 0);
CREATE TYPE point3 AS (x double precision, y audit.posint, "Name" text COLLATE "C");
COMMENT ON TYPE point3 IS 'three';
COMMENT ON COLUMN point3.y IS 'up';
CREATE FUNCTION moods_apart(double precision, double precision) RETURNS double precision LANGUAGE sql IMMUTABLE
    AS 'SELECT $1 - $2';
CREATE TYPE spans AS RANGE (subtype = double precision, subtype_diff = moods_apart, multirange_type_name = many_spans);

CREATE SEQUENCE counter AS integer INCREMENT BY -2 MINVALUE -100 MAXVALUE 50 START WITH 40 CACHE 5 CYCLE;
COMMENT ON SEQUENCE counter IS 'down';
GRANT USAGE ON SEQUENCE counter TO pwmig_reader;
CREATE SEQUENCE audit.plain;

CREATE TABLE authors (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5 CACHE 3) CONSTRAINT authors_key PRIMARY KEY,
    old_id serial,
    big_id bigserial,
    name short NOT NULL,
    nick text COLLATE nocase DEFAULT 'it''s 100% \ ok',
    feeling mood DEFAULT 'so so',
    feelings mood[] DEFAULT ARRAY['sad'::mood],
    place point3,
    born date DEFAULT '2000-01-01',
    seen timestamp(3) with time zone DEFAULT '2020-06-01 12:00:00+02' NOT NULL,
    wait interval DEFAULT '1 day 2 hours',
    net numeric(12,2) CHECK (net > 0),
    gross numeric(12,2) GENERATED ALWAYS AS (net * 1.19) STORED,
    flags bit varying(5) DEFAULT B'101',
    raw bytea DEFAULT '\x00ff',
    doc jsonb DEFAULT '{"a": [1, "%s"]}',
    span spans,
    "Mixed Case" text,
    tsv tsvector,
    big text,
    ranked integer DEFAULT nextval('counter'::regclass),
    is_ok boolean DEFAULT is_short(5),
    CONSTRAINT "net and gross" CHECK ((net < 100 AND gross < 200) OR name <> ')('),
    CONSTRAINT only_here CHECK (big_id > 0) NO INHERIT,
    CONSTRAINT calls CHECK (is_short(nick)),
    CONSTRAINT unique_name UNIQUE (name, nick) INCLUDE (born, big) WITH (fillfactor = 80) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (big_id),
    EXCLUDE USING gist (span WITH &&) WHERE (big_id > 3)
);
COMMENT ON TABLE authors IS 'who writes; it''s "quoted"
on two lines';
COMMENT ON COLUMN authors.net IS 'without tax, 100%';
COMMENT ON COLUMN authors."Mixed Case" IS 'odd';
COMMENT ON CONSTRAINT authors_key ON authors IS 'the key';
COMMENT ON CONSTRAINT unique_name ON authors IS 'together';
COMMENT ON CONSTRAINT "net and gross" ON authors IS 'money';
COMMENT ON CONSTRAINT authors_span_excl ON authors IS 'apart';
COMMENT ON SEQUENCE authors_old_id_seq IS 'of old';
GRANT USAGE ON SEQUENCE authors_old_id_seq TO pwmig_reader;
ALTER TABLE authors ALTER COLUMN big SET STORAGE EXTERNAL;
ALTER TABLE authors ALTER COLUMN big SET COMPRESSION pglz;
ALTER TABLE authors ALTER COLUMN big SET STATISTICS 500;
ALTER TABLE authors ALTER COLUMN nick SET (n_distinct = -0.5);
ALTER TABLE authors SET (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE authors ADD CONSTRAINT later CHECK (net < 1000000) NOT VALID;
GRANT SELECT, INSERT ON authors TO pwmig_reader;
GRANT UPDATE ON authors TO "pwmig ""Writer""" WITH GRANT OPTION;
GRANT UPDATE (name, nick), REFERENCES (id) ON authors TO pwmig_reader;
REVOKE TRUNCATE ON authors FROM CURRENT_USER;
CREATE INDEX ON authors (lower(nick) DESC, born NULLS FIRST, name COLLATE "POSIX" text_pattern_ops) INCLUDE (net)
    WHERE net > 5 AND nick <> ')';
COMMENT ON INDEX authors_lower_born_name_net_idx IS 'to find them';
CREATE INDEX "by % tsv" ON authors USING gin (tsv) WITH (fastupdate = off);
CREATE INDEX by_doc ON authors USING gin (doc jsonb_path_ops);
CREATE INDEX by_brin ON authors USING brin (seen timestamptz_minmax_multi_ops (values_per_range = 16));
CREATE INDEX by_hash ON authors USING hash (born);
CREATE UNIQUE INDEX by_sum ON authors ((net + gross), ((big_id)) DESC NULLS LAST);
ALTER INDEX by_sum ALTER COLUMN 1 SET STATISTICS 77;
CREATE UNIQUE INDEX by_alike ON authors (born) NULLS NOT DISTINCT;
CREATE UNIQUE INDEX by_identity ON authors (id, seen);
ALTER TABLE authors CLUSTER ON by_sum;
CREATE STATISTICS audit.together (dependencies, ndistinct) ON net, born FROM authors;

CREATE TABLE books (
    id bigint GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME book_numbers),
    author integer NOT NULL REFERENCES authors ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE,
    second_author integer,
    parent bigint,
    part integer,
    title text,
    PRIMARY KEY (id) INCLUDE (title) DEFERRABLE,
    UNIQUE NULLS NOT DISTINCT (author, part),
    FOREIGN KEY (author, part) REFERENCES books (author, part) MATCH FULL ON DELETE SET NULL (part),
    CONSTRAINT same_name FOREIGN KEY (second_author) REFERENCES authors (id) ON DELETE RESTRICT
);
ALTER TABLE books REPLICA IDENTITY FULL;
ALTER TABLE books ADD CONSTRAINT unchecked FOREIGN KEY (second_author) REFERENCES authors NOT VALID;
COMMENT ON CONSTRAINT same_name ON books IS 'another one';
CREATE TABLE audit.log (
    id integer PRIMARY KEY,
    author integer REFERENCES public.authors,
    book bigint,
    level audit.level DEFAULT 'low'::audit.level,
    CONSTRAINT same_name FOREIGN KEY (book) REFERENCES audit.log (id) ON DELETE SET DEFAULT
);
CREATE INDEX log_idx ON audit.log (level);
COMMENT ON INDEX audit.log_idx IS 'in its schema';
ALTER TABLE authors ADD COLUMN last_log integer REFERENCES audit.log;
ALTER TABLE audit.log REPLICA IDENTITY NOTHING;
CREATE SEQUENCE audit.second_of_log OWNED BY audit.log.id;
CREATE UNLOGGED TABLE "Odd ""place""".cache (key text PRIMARY KEY, value text);
CREATE UNLOGGED TABLE fast (id serial, other integer GENERATED ALWAYS AS IDENTITY, key integer NOT NULL UNIQUE);
ALTER TABLE fast REPLICA IDENTITY USING INDEX fast_key_key;
CREATE TABLE nothing ();
CREATE TABLE of_type OF point3;

CREATE TABLE measures (
    id integer NOT NULL,
    day date NOT NULL,
    city text DEFAULT 'Rome' CHECK (city <> 'x'),
    value numeric,
    CONSTRAINT measures_key PRIMARY KEY (id, day, city)
) PARTITION BY RANGE (day);
CREATE TABLE measures_old PARTITION OF measures FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE measures_new PARTITION OF measures FOR VALUES FROM ('2020-01-01') TO ('2030-01-01') PARTITION BY LIST (city);
CREATE TABLE measures_rome PARTITION OF measures_new FOR VALUES IN ('Rome', 'it''s');
CREATE TABLE audit.measures_other (value numeric DEFAULT 7, city text NOT NULL, day date NOT NULL, id integer NOT NULL, own integer);
ALTER TABLE audit.measures_other DROP COLUMN own, ADD CONSTRAINT measures_city_check CHECK (city <> 'x'),
    ADD CONSTRAINT its_own CHECK (value > 0);
ALTER TABLE measures_new ATTACH PARTITION audit.measures_other DEFAULT;
CREATE INDEX measures_value ON measures (value);
CREATE INDEX only_above ON ONLY measures (city);
CREATE INDEX only_here_2 ON measures_old (city DESC);
ALTER TABLE measures ADD FOREIGN KEY (id) REFERENCES authors;
CREATE TABLE hashed (a integer, b text) PARTITION BY HASH (a, lower(b));
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);

CREATE TABLE animals (id serial PRIMARY KEY, name text NOT NULL DEFAULT 'x' CHECK (name <> ''), legs integer CHECK (legs >= 0));
CREATE TABLE pets (owner text) INHERITS (animals);
CREATE TABLE cats (purrs boolean, name text DEFAULT 'Tom', CONSTRAINT animals_name_check CHECK (name <> '')) INHERITS (pets);
ALTER TABLE ONLY cats ALTER COLUMN legs SET NOT NULL;
ALTER TABLE ONLY cats ALTER COLUMN owner SET DEFAULT 'me';
CREATE TABLE dogs (barks boolean, name text NOT NULL CHECK (name <> 'cat'), id integer NOT NULL, legs integer,
    CONSTRAINT animals_name_check CHECK (name <> ''), CONSTRAINT animals_legs_check CHECK (legs >= 0));
ALTER TABLE dogs INHERIT animals;
ALTER TABLE animals ADD COLUMN came_late text CHECK (came_late <> 'never');

CREATE TABLE plants (id integer NOT NULL, name text DEFAULT 'x' CHECK (name <> ''), leaves integer CHECK (leaves > 0) NO INHERIT);
CREATE TABLE watered (every interval);
CREATE TABLE trees (height numeric, name text DEFAULT 'oak' NOT NULL, CHECK (height > 0)) INHERITS (plants, audit.log, watered);
ALTER TABLE ONLY trees ALTER COLUMN leaves SET DEFAULT 1000;
ALTER TABLE ONLY trees ALTER COLUMN level DROP DEFAULT;
ALTER TABLE ONLY trees ALTER COLUMN every SET NOT NULL;
ALTER TABLE ONLY trees ALTER COLUMN name SET STORAGE MAIN;
CREATE TABLE counted (id integer GENERATED BY DEFAULT AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE counted_1 PARTITION OF counted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');

CREATE FUNCTION add_up(numeric, integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 + coalesce($2, 0)';
CREATE FUNCTION a_result(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE AGGREGATE added (integer) (SFUNC = add_up, STYPE = numeric, FINALFUNC = a_result, INITCOND = '0', PARALLEL = SAFE);
COMMENT ON AGGREGATE added (integer) IS 'adds';
GRANT EXECUTE ON FUNCTION added (integer) TO pwmig_reader;
CREATE VIEW added_up AS SELECT added(books.part) AS total FROM books;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.nick := '%'; RETURN NEW; END $f$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF nick, "Mixed Case" ON authors FOR EACH ROW
    WHEN (NEW.nick IS DISTINCT FROM 'x') EXECUTE FUNCTION touch('an argument', '100%');
COMMENT ON TRIGGER touched ON authors IS 'touches';
CREATE TRIGGER statement AFTER DELETE ON authors REFERENCING OLD TABLE AS gone EXECUTE FUNCTION touch();
ALTER TABLE authors DISABLE TRIGGER statement;
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON authors DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE authors ENABLE REPLICA TRIGGER checked;
CREATE TRIGGER on_all BEFORE UPDATE ON measures FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER always AFTER INSERT ON audit.log EXECUTE FUNCTION public.touch();
ALTER TABLE audit.log ENABLE ALWAYS TRIGGER always;
CREATE RULE no_delete AS ON DELETE TO books WHERE old.id = 1 DO INSTEAD NOTHING;
COMMENT ON RULE no_delete ON books IS 'it stays';
CREATE RULE also AS ON INSERT TO books DO ALSO (UPDATE authors SET big = 'x;y' WHERE id = new.author; NOTIFY books);
ALTER TABLE books DISABLE RULE also;
ALTER TABLE authors ENABLE ROW LEVEL SECURITY;
ALTER TABLE authors FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON authors AS RESTRICTIVE FOR UPDATE TO pwmig_reader, "pwmig ""Writer""" USING (name = CURRENT_USER)
    WITH CHECK (EXISTS (SELECT 1 FROM audit.log l WHERE l.author = authors.id));
COMMENT ON POLICY own ON authors IS 'only mine';
CREATE POLICY "all" ON authors;

CREATE VIEW z_last AS SELECT a.id, a.name, a.doc ->> 'a' AS doc, a.net AS m_rows FROM authors a WHERE a.nick <> 'FROM a_first';
CREATE VIEW a_first WITH (security_barrier = true) AS SELECT z.id, z.name AS a_second FROM z_last z WITH CASCADED CHECK OPTION;
COMMENT ON VIEW a_first IS 'above the last';
COMMENT ON COLUMN a_first.a_second IS 'a name';
ALTER VIEW a_first ALTER COLUMN a_second SET DEFAULT 'nobody';
GRANT SELECT ON a_first TO PUBLIC;
GRANT SELECT (id), UPDATE (id) ON z_last TO pwmig_reader;
CREATE VIEW grouped AS SELECT authors.id, authors.name, count(*) AS n FROM authors JOIN books ON books.author = authors.id
    GROUP BY authors.id;
CREATE VIEW audit.outer_view AS WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5)
    SELECT t.n, l.level, (SELECT max(g.n) FROM public.grouped g) AS most FROM t, audit.log l;
CREATE FUNCTION to_grouped() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NULL; END $f$;
CREATE TRIGGER instead INSTEAD OF INSERT ON grouped FOR EACH ROW EXECUTE FUNCTION to_grouped();
COMMENT ON TRIGGER instead ON grouped IS 'in its place';
CREATE RULE "on update" AS ON UPDATE TO grouped DO INSTEAD NOTHING;
COMMENT ON RULE "on update" ON grouped IS 'nothing';
CREATE MATERIALIZED VIEW m_rows WITH (fillfactor = 60) AS SELECT g.id, g.n FROM grouped g WHERE is_short(g.n::integer);
CREATE UNIQUE INDEX m_rows_id ON m_rows (id) INCLUDE (n);
CREATE INDEX m_rows_sum ON m_rows ((id + n));
ALTER MATERIALIZED VIEW m_rows CLUSTER ON m_rows_id;
COMMENT ON MATERIALIZED VIEW m_rows IS 'kept';
COMMENT ON INDEX m_rows_id IS 'by id';
ALTER MATERIALIZED VIEW m_rows ALTER COLUMN n SET STATISTICS 5;
CREATE MATERIALIZED VIEW audit.m_empty AS SELECT m.id FROM m_rows m WITH NO DATA;
CREATE VIEW on_kept AS SELECT m_rows.id FROM m_rows;
CREATE FUNCTION first_author() RETURNS authors LANGUAGE sql AS 'SELECT * FROM authors ORDER BY id LIMIT 1';
CREATE FUNCTION all_grouped(wanted audit.level DEFAULT 'low'::audit.level, VARIADIC more integer[] DEFAULT '{}',
    OUT id integer, OUT name text) RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER LEAKPROOF ROWS 7
    AS $$ SELECT id, name::text FROM grouped $$;
CREATE FUNCTION written_out(n integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM on_kept WHERE id > n; END;
CREATE VIEW calls_written_out AS SELECT written_out(5) AS many;
CREATE PROCEDURE audit.tidy(INOUT a integer, b text DEFAULT 'x''y') LANGUAGE plpgsql AS $$ BEGIN a := 1; END $$;
COMMENT ON PROCEDURE audit.tidy IS 'tidies';
GRANT EXECUTE ON PROCEDURE audit.tidy TO pwmig_reader;
