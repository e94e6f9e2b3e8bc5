"""What the relay asks of PostgreSQL for each chunk must not grow with the batch that the chunk is taken from."""

from healthcode.adapters.relay import _NUMBER
from tests.conftest import Database


def test_numbering_a_chunk_of_a_batch_goes_to_its_rows_and_no_others(database: Database) -> None:
    asked = _NUMBER.replace("$1", "1::smallint").replace("$2", "5000")
    with database.connect("app") as connection:
        plan = "\n".join(str(row[0]) for row in connection.execute("EXPLAIN " + asked).fetchall())  # type: ignore[call-overload]
    assert "Seq Scan on feed_outbox" not in plan, plan
    assert "CTE base" in plan, "the last number is asked for each row of the chunk"
