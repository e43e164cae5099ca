-- What PostgreSQL 18 knows besides.

CREATE TABLE newest (
    id int4range CONSTRAINT chosen NOT NULL,
    price numeric,
    during daterange,
    twice numeric GENERATED ALWAYS AS (price * 2) VIRTUAL,
    hoped integer CONSTRAINT hope CHECK (hoped > 0) NOT ENFORCED,
    book bigint,
    here integer NOT NULL NO INHERIT,
    late integer,
    CONSTRAINT newest_key PRIMARY KEY (id, during WITHOUT OVERLAPS),
    UNIQUE (id, during WITHOUT OVERLAPS),
    CONSTRAINT loose FOREIGN KEY (book) REFERENCES authors (big_id) NOT ENFORCED
);
ALTER TABLE newest ADD CONSTRAINT newest_late_not_null NOT NULL late NOT VALID;
CREATE TABLE within (id int4range, at daterange, FOREIGN KEY (id, PERIOD at) REFERENCES newest (id, PERIOD during));
