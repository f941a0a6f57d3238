"""What people do with clickhouse-connect all day, asked of a running Millrace.

usage: python clickhouse_connect_everyday.py PORT READ_KEY
"""

import sys
import unittest
from datetime import datetime
from decimal import Decimal

import clickhouse_connect
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

port, read_key = int(sys.argv.pop(1)), sys.argv.pop(1)


def connect(**options):
    return clickhouse_connect.get_client(
        **{
            "host": "127.0.0.1",
            "port": port,
            "proxy_path": "/sql",
            "username": "default",
            "password": read_key,
            "database": "default",
            **options,
        }
    )


class Everyday(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = connect()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()

    def rows(self, query, **options):
        return self.client.query(query, **options).result_rows

    def test_connects(self):
        self.assertTrue(self.client.ping())
        self.assertRegex(self.client.server_version, r"^\d+\.\d+")
        self.assertEqual(str(self.client.server_tz), "UTC")
        self.assertIn("session_id", self.client.params)
        for options in ({"database": "millrace"}, {"database": "__default__"}, {"compress": False}):
            other = connect(**options)
            self.assertEqual(other.command("SELECT 1"), 1)
            other.close()

    def test_reads_rows_in_their_types(self):
        result = self.client.query(
            "SELECT event_id, type, timestamp, user_id, session_id, late, properties "
            "FROM events ORDER BY event_id LIMIT 1"
        )
        self.assertEqual(result.column_names[:3], ("event_id", "type", "timestamp"))
        self.assertEqual(
            result.result_rows,
            [
                (
                    "e0",
                    "purchase",
                    datetime(2026, 5, 1, 12, 0, 0, 125000),
                    "ada",
                    None,
                    True,
                    {"product_id": "p0", "price": Decimal("12.50"), "currency": "EUR", "note": {"a": [1]}},
                )
            ],
        )
        self.assertEqual(
            self.rows("SELECT sum(amount), sum(events) FROM by_minute"), [(Decimal("37.50"), 3)]
        )
        self.assertEqual(self.rows("SELECT count() FROM default.events"), [(3,)])
        self.assertEqual(self.rows("SELECT event_id FROM events WHERE 0"), [])
        self.assertEqual(
            self.client.query("SELECT event_id, late FROM events LIMIT 0").column_names,
            ("event_id", "late"),
        )
        self.assertEqual(list(self.client.query("SELECT 1 AS a").named_results()), [{"a": 1}])

    def test_reads_other_formats(self):
        self.assertEqual(self.client.raw_query("SELECT 1 AS a", fmt="CSVWithNames"), b'"a"\n1\n')
        self.assertEqual(self.client.raw_query("SELECT 1", fmt="Parquet")[:4], b"PAR1")

    def test_streams(self):
        query = "SELECT number, toString(number) FROM numbers(200000)"
        with self.client.query_row_block_stream(query) as blocks:
            self.assertEqual(sum(row[0] for block in blocks for row in block), 19999900000)
        with self.client.query_rows_stream(query) as rows:
            self.assertEqual(next(iter(rows)), (0, "0"))

    def test_binds_parameters(self):
        values = {"s": "it's \\ \n\t{x}", "i": -3, "t": datetime(2026, 1, 2, 3, 4, 5), "a": ["x'y", "z"]}
        self.assertEqual(
            self.rows("SELECT {s:String}, {i:Int32}, {t:DateTime}, {a:Array(String)}", parameters=values),
            [(values["s"], -3, values["t"], values["a"])],
        )
        self.assertEqual(self.rows("SELECT %(s)s, %(i)s", parameters=values), [(values["s"], -3)])
        # Too long for a URL, so it comes in a form.
        ids = [f"e{n}" for n in range(5000)]
        query = "SELECT count() FROM events WHERE event_id IN {ids:Array(String)}"
        self.assertEqual(self.rows(query, parameters={"ids": ids}), [(3,)])

    def test_sets_settings(self):
        query = "SELECT toString(toDateTime(0))"
        berlin = {"session_timezone": "Europe/Berlin", "max_threads": 1}
        self.assertEqual(self.rows(query, settings=berlin), [("1970-01-01 01:00:00",)])
        with connect(settings=berlin) as other:
            self.assertEqual(other.query(query).result_rows, [("1970-01-01 01:00:00",)])
        with self.assertRaises(DatabaseError) as raised:
            self.client.query(query, settings={"allow_ddl": 1})
        self.assertEqual(raised.exception.code, 164)

    def test_looks_around(self):
        tables = ["by_minute", "dead_letters", "events", "purchases_by_day"]
        self.assertEqual(self.rows("SHOW TABLES"), [(name,) for name in tables])
        self.assertEqual(self.client.command("SHOW TABLES FROM default").split("\n"), tables)
        self.assertEqual(self.client.command("EXISTS TABLE events"), 1)
        self.assertEqual(self.client.command("EXISTS default.nothing"), 0)
        columns = {row[0]: row[1] for row in self.rows("DESCRIBE TABLE default.events")}
        listed = self.rows("SELECT name FROM system.tables WHERE database = 'millrace' ORDER BY name")
        self.assertEqual(listed, [(name,) for name in tables])
        self.assertEqual(columns["late"], "Bool")
        self.assertEqual(columns["type"], "LowCardinality(String)")

    def test_raises_what_clickhouse_would(self):
        for query, code in [
            ("SELECT 1 +", 62),
            ("SELECT * FROM nowhere", 60),
            ("SELECT nothing FROM events", 47),
            ("SELECT * FROM system.processes", 497),
            ("SELECT throwIf(1)", 497),
            ("SELECT repeat('a', 10000) FROM numbers(10000000)", 396),
        ]:
            with self.subTest(query), self.assertRaises(DatabaseError) as raised:
                self.client.query(query)
            self.assertEqual(raised.exception.code, code)
        with self.assertRaises(DatabaseError) as raised:
            self.client.query(
                "SELECT sum(number) FROM numbers(1000000000000)", settings={"max_execution_time": 1}
            )
        self.assertEqual(raised.exception.code, 159)
        for command in ("DROP TABLE events", "CREATE TABLE t (a Int8) ENGINE = Memory"):
            with self.subTest(command), self.assertRaises(DatabaseError) as raised:
                self.client.command(command)
            self.assertEqual(raised.exception.code, 164)
        with self.assertRaises(DatabaseError) as raised:
            connect(password="wrong")
        self.assertEqual(raised.exception.code, 516)
        with self.assertRaises(DatabaseError) as raised:
            connect(database="nowhere").query("SELECT 1")
        self.assertEqual(raised.exception.code, 81)
        self.assertEqual(self.client.command("SELECT 1"), 1)

    def test_raises_what_comes_behind_the_first_rows(self):
        settings = {"max_result_rows": 500000, "result_overflow_mode": "throw"}
        query = "SELECT number FROM numbers(1000000000)"
        for compress in (False, True):
            with self.subTest(compress=compress), connect(compress=compress) as client:
                with self.assertRaisesRegex(ClickHouseError, "Limit for result exceeded"):
                    client.query(query, settings=settings)
                with self.assertRaisesRegex(ClickHouseError, "Limit for result exceeded"):
                    with client.query_rows_stream(query, settings=settings) as rows:
                        sum(1 for _ in rows)
                late = {**settings, "wait_end_of_query": 1}
                with self.assertRaises(DatabaseError) as raised:
                    client.query(query, settings=late)
                self.assertEqual(raised.exception.code, 396)

    def test_refuses_to_insert(self):
        with self.assertRaises(DatabaseError) as raised:
            self.client.command("INSERT INTO events (event_id) VALUES ('x')")
        self.assertEqual(raised.exception.code, 164)
        with self.assertRaises(DatabaseError):
            self.client.insert("events", [["x"]], column_names=["event_id"])
        self.assertEqual(self.rows("SELECT count() FROM events"), [(3,)])


if __name__ == "__main__":
    unittest.main()
