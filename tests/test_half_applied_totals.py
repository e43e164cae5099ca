"""Of how many statements one was at which a migration stopped on MariaDB: said where it is known, and then it is so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import run_cli
from server_projects import Place, place_on
from test_attic import migration
from test_attic_stopped import killing
from test_half_applied import CASES, killed, ready

from pwmig.dialects.mysql.noting import Writer
from pwmig.errors import MigrationFailed

__all__ = ["killing"]

pytestmark = pytest.mark.mariadb

FAILS = "migrator.sql('ALTER TABLE player ADD COLUMN name INT')"
MAKES = "migrator.sql('CREATE TABLE extra (id INT)')"
ADD = "migrator.add_column('player', 'extra', IntegerField(null=True))"
CLUB = "migrator.add_column('club', 'extra', IntegerField(null=True))"
RENAME = "migrator.rename_table('club', 'team')"
TEAM = "migrator.create_table('squad', {'id': AutoField(), 'a': IntegerField()}, indexes=[(('a',), False)])"
LATE = "migrator.add_not_null('player', 'name')"
FILL = "migrator.backfill('player', {'level': 4}, True, batch_size=1)"
BAD = "migrator.backfill('player', {'level': SQL('(SELECT nothing FROM club)')}, True, batch_size=1)"
CALL = "migrator.run_python(lambda database: database.execute_sql('CREATE TABLE called (id INT)'))"


def batch(*operations: str) -> str:
    return f"migrate({', '.join(operations)})"


def own(sql: str) -> str:
    return f"database.execute_sql({sql!r})"


SAME = "ALTER TABLE player ADD COLUMN name INT"

# What a migration does, and where it fails.
STOPS = {
    "in a batch of several": ([batch(ADD, RENAME, FAILS, MAKES, "migrator.sql('DROP TABLE extra')")], "3 of 5"),
    "at the end of a batch": ([batch(ADD, CLUB, RENAME, FAILS)], "4 of 4"),
    "what waits for its table": ([batch(TEAM, ADD, FAILS.replace("name", "extra"))], "4 of 4"),
    "at the first statement of the last batch": ([batch(ADD, CLUB), batch(FAILS, MAKES)], "3 of 4"),
    "in what waits for the end of its batch": ([batch(RENAME, LATE, ADD)], "2 of 2"),
    "where an operation is refused": ([batch(RENAME, "migrator.add_column('team', 'title', IntegerField())")], "2"),
    "in a batch that others follow": ([batch(ADD, FAILS, MAKES), own("CREATE TABLE b (id INT)")], "2"),
    "in a batch that a loop goes on behind": ([f"for _ in range(1):\n    {batch(ADD, FAILS)}"], "2"),
    "at the end of a branch": ([f"if migrator:\n    {batch(ADD, FAILS)}\nelse:\n    pass"], "2 of 2"),
    "in a helper, called last": ([f"def last():\n    {batch(ADD, FAILS)}\nlast()"], "2 of 2"),
    "in a helper, with more behind": (
        [f"def first():\n    {batch(ADD, FAILS)}\nfirst()\n{own('CREATE TABLE b (id INT)')}"], "2"),
    "ahead of a function of the user's": ([batch(ADD, FAILS, CALL)], "2"),
    "behind a function of the user's": ([batch(ADD, CALL, FAILS)], "3 of 3"),
    "in a function of the user's": ([batch(ADD, CALL.replace("CREATE TABLE called (id INT)", SAME))], "2"),
    "a batch within a function of the user's": (
        [f"def inner(database):\n    {batch(FAILS)}\nmigrate({ADD}, migrator.run_python(inner), {MAKES})"], "2"),
    "in a back-fill": ([batch(ADD, BAD)], "2"),
    "behind a back-fill": ([batch(ADD), batch(FILL, FAILS)], "6 of 6"),
    "ahead of a back-fill": ([batch(ADD, FAILS, FILL)], "2"),
    "its own statement, the last": ([batch(ADD), own(SAME)], "2 of 2"),
    "its own statement, with a look behind": ([batch(ADD), f"{own(SAME)}.fetchall()"], "2"),
    "its own statement, with another behind": ([batch(ADD), own(SAME), own("CREATE TABLE b (id INT)")], "2"),
    "rows of its own, the last": ([batch(ADD), own("INSERT INTO player (id, note) VALUES (1, 'x')")], "2 of 2"),
    "one of several that one call sends": (
        [batch(ADD), "database.create_tables([Player], safe=False)"], "2"),
    "a code behind it": ([batch(ADD), "1 / 0"], "2"),
    "under patience": ([batch(ADD, "migrator.lock_timeout(5)", CLUB, FAILS)], "3 of 3"),
    "ahead of patience": ([batch(ADD, FAILS, "migrator.lock_timeout(5)", CLUB)], "2"),
    "behind what the attic keeps": ([batch("migrator.drop_column('player', 'note')", FAILS)], "2 of 2"),
}  # fmt: skip

MODEL = "class Player(Model):\n    class Meta:\n        database = database\n        table_name = 'player'\n\n\n"


@pytest.fixture
def place(mariadb_server: Any) -> Iterator[Place]:
    with place_on(mariadb_server) as found:
        yield found


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements each step has sent that came to its end."""
    close, counts = Writer.close, []

    def closing(self: Writer) -> None:
        counts.append(self.position - 1)  # The last one was the history's row.
        close(self)

    monkeypatch.setattr(Writer, "close", closing)
    return counts


@pytest.mark.parametrize("case", STOPS)
def test_where_it_fails_is_said_with_their_number_where_that_is_known(place: Place, tmp_path: Path, case: str) -> None:
    lines, where = STOPS[case]
    project = ready(place, tmp_path, migration("\n".join(lines), "pass", above=MODEL))
    with pytest.raises(MigrationFailed) as caught:
        project.apply()
    (status,) = project.status()
    assert status.stopped.startswith(f"failed at statement {where}: ")
    said = f"it failed at statement {where}; " in caught.value.way_out
    assert said is (case not in ("a code behind it", "where an operation is refused"))


def test_each_face_says_it(place: Place, tmp_path: Path) -> None:
    project = ready(place, tmp_path, migration(*[batch(ADD, RENAME, FAILS, MAKES), "pass"]))
    with pytest.raises(MigrationFailed):
        project.apply()
    words = "failed at statement 3 of 4: ALTER TABLE player ADD COLUMN name INT"
    assert words in run_cli(tmp_path, "status").stdout
    (status,) = json.loads(run_cli(tmp_path, "status", "--json").stdout)["migrations"]
    assert status["stopped"] == words
    assert words in run_cli(tmp_path, "migrate").stderr


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("case", CASES)
def test_wherever_it_is_killed_the_number_is_the_one_of_a_run_that_nobody_stops(
    place: Place, tmp_path: Path, killing: list[int], sent: list[int], case: str, way: str
) -> None:
    project = ready(place, tmp_path, CASES[case])
    project.apply()
    project.revert()
    total, known = sent[0 if way == "there" else 1], []
    for count in range(1, 200):
        project, ended = killed(ready(place, tmp_path, CASES[case]), way, killing, count)
        if ended:
            break
        (status,) = project.status()
        where = r"(?:failed at|stopped behind) statement (\d+)(?: of (\d+))?(?:: |, which took effect: )"
        if status.stopped and (found := re.match(where, status.stopped)):
            assert found[2] is None or (int(found[2]) == total and int(found[1]) <= total), status.stopped
            known += [found[2]] if found[2] else []
    assert ended
    assert known or (case, way) in UNKNOWN


UNKNOWN = {("drops", "back")}
"""What the attic gives back at the end is not counted before."""
