// Everyday work of ClickHouse's client in Go over HTTP, opened as Grafana's data source opens it.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/shopspring/decimal"
)

var ctx = context.Background()

func main() {
	address, key, limitedKey := os.Args[1], os.Args[2], os.Args[3]
	db := open(address, key, nil)
	must(db.PingContext(ctx))
	fmt.Println("ping: ok")
	types(db)
	columns(db)
	fmt.Println("bound:", number(db, "SELECT count() FROM events WHERE user_id = ?", `it's \ ?`))
	fmt.Println("named:", number(db, "SELECT count() FROM events WHERE user_id = @who", clickhouse.Named("who", "ada")))
	rows, sum, err := manyRows(db, "SELECT number FROM numbers(300000)")
	fmt.Println("many rows:", rows, sum, err)
	rows, _, err = manyRows(open(address, key, clickhouse.Settings{"limit": 2}), "SELECT number FROM numbers(300000)")
	fmt.Println("row limit:", rows, err)
	cancel(db)
	fmt.Println("unknown table:", codeOf(db.QueryRow("SELECT 1 FROM nowhere").Err()))
	_, err = db.Exec("INSERT INTO events (event_id) SELECT 'x'")
	fmt.Println("insert:", codeOf(err))
	_, _, err = manyRows(db, "SELECT toUInt64(intDiv(1, 200000 - toInt64(number))) FROM numbers(300000)")
	fmt.Println("in the midst:", err != nil)
	fmt.Println("after errors:", number(db, "SELECT count() FROM events"))
	limited := open(address, limitedKey, nil)
	fmt.Println("limited, listed:", number(limited, "SELECT sum(events) FROM by_minute"))
	fmt.Println("limited, not listed:", codeOf(limited.QueryRow("SELECT 1 FROM events").Err()))
	fmt.Println("wrong key:", codeOf(open(address, "wrong", nil).PingContext(ctx)))
}

func open(address, key string, settings clickhouse.Settings) *sql.DB {
	return clickhouse.OpenDB(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{address},
		HttpUrlPath: "/sql",
		Auth:        clickhouse.Auth{Database: "millrace", Username: "default", Password: key},
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP},
		Settings:    settings,
		DialTimeout: 10 * time.Second,
		ReadTimeout: 60 * time.Second,
	})
}

func types(db *sql.DB) {
	var (
		eventType, few string
		at, day        time.Time
		yes            bool
		nothing        *string
		price          decimal.Decimal
		big            uint64
		list           []int64
		float          float64
	)
	must(db.QueryRow(`SELECT type, timestamp, toBool(1), CAST(NULL AS Nullable(String)), toDecimal64('12.50', 2),
	  18446744073709551615, [toInt64(1), 2], 1.5, toDate('2026-05-01'), toLowCardinality('few')
	  FROM events LIMIT 1`).
		Scan(&eventType, &at, &yes, &nothing, &price, &big, &list, &float, &day, &few))
	fmt.Println("types:", eventType, at.Format(time.RFC3339Nano), yes, nothing == nil, price.StringFixed(2),
		big, list, float, day.Format(time.DateOnly), few)
}

func columns(db *sql.DB) {
	rows, err := db.Query("SELECT * FROM by_minute ORDER BY product_id")
	must(err)
	defer rows.Close()
	found, err := rows.ColumnTypes()
	must(err)
	fmt.Print("columns:")
	for _, column := range found {
		fmt.Print(" ", column.Name(), " ", column.DatabaseTypeName())
	}
	fmt.Println()
}

func number(db *sql.DB, question string, values ...any) uint64 {
	var found uint64
	must(db.QueryRow(question, values...).Scan(&found))
	return found
}

func manyRows(db *sql.DB, question string) (count int, sum uint64, err error) {
	rows, err := db.Query(question)
	if err != nil {
		return 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var value uint64
		if err := rows.Scan(&value); err != nil {
			return count, sum, err
		}
		count++
		sum += value
	}
	return count, sum, rows.Err()
}

func cancel(db *sql.DB) {
	short, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	err := db.QueryRowContext(short, "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)").Err()
	fmt.Println("cancelled:", errors.Is(err, context.DeadlineExceeded))
}

var code = regexp.MustCompile(`Code: \d+`)

// The client passes on what the server said.
func codeOf(err error) string {
	return code.FindString(fmt.Sprint(err))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
