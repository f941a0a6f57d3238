import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Arrays;
import java.util.Properties;
import java.util.StringJoiner;

/**
 * What tools with a JDBC driver do all day, asked of a running Millrace. Prints what came of
 * each, a line of words or an error's code.
 *
 * <p>usage: java -cp DRIVER.jar JdbcEveryday.java HOST:PORT READ_KEY LIMITED_READ_KEY
 */
class JdbcEveryday {
  interface Work {
    String in(Connection connection) throws Exception;
  }

  private final String url;

  JdbcEveryday(String address) {
    url = "jdbc:clickhouse:http://" + address + "/sql/millrace";
  }

  public static void main(String[] args) throws Exception {
    // A program that is run from its source is not looked through for drivers.
    Class.forName("com.clickhouse.jdbc.Driver");
    JdbcEveryday asks = new JdbcEveryday(args[0]);
    String key = args[1];
    String limited = args[2];

    asks.say("tables", key, JdbcEveryday::tables);
    asks.say("columns", key, JdbcEveryday::columns);
    asks.say("prepared", key, JdbcEveryday::prepared);
    asks.say("types", key, JdbcEveryday::types);
    asks.say("many rows", key, JdbcEveryday::manyRows);
    asks.say("cancelled", key, JdbcEveryday::cancelled);
    asks.say("unknown table", key, of("SELECT 1 FROM nowhere"));
    asks.say("insert", key, of("INSERT INTO events (event_id) VALUES ('x')"));
    asks.say("after errors", key, of("SELECT count() FROM events"));
    asks.say("limited tables", limited, JdbcEveryday::tables);
    asks.say("limited, listed", limited, of("SELECT sum(events) FROM by_minute"));
    asks.say("limited, not listed", limited, of("SELECT count() FROM events"));
    asks.say("wrong key", "wrong", of("SELECT 1"));
  }

  void say(String what, String key, Work work) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("user", "default");
    properties.setProperty("password", key);
    properties.setProperty("compress", "false");
    String came;
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      came = work.in(connection);
    } catch (SQLException error) {
      came = "error " + error.getErrorCode();
    }
    System.out.println(what + ": " + came);
  }

  static Work of(String sql) {
    return connection -> {
      try (Statement statement = connection.createStatement()) {
        return statement.execute(sql) ? rows(statement.getResultSet()) : "no rows";
      }
    };
  }

  static String tables(Connection connection) throws SQLException {
    StringJoiner names = new StringJoiner(" ");
    try (ResultSet found = connection.getMetaData().getTables(null, "millrace", "%", null)) {
      while (found.next()) names.add(found.getString("TABLE_NAME"));
    }
    return names.toString();
  }

  static String columns(Connection connection) throws SQLException {
    StringJoiner columns = new StringJoiner(" ");
    try (ResultSet found = connection.getMetaData().getColumns(null, "millrace", "by_minute", "%")) {
      while (found.next())
        columns.add(found.getString("COLUMN_NAME") + " " + found.getString("TYPE_NAME"));
    }
    return columns.toString();
  }

  static String prepared(Connection connection) throws SQLException {
    String sql =
        "SELECT event_id, user_id FROM events WHERE user_id = ? AND timestamp > ?"
            + " AND properties.price >= ? AND event_id IN (?, ?) ORDER BY event_id LIMIT ?";
    StringJoiner answers = new StringJoiner("; ");
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (String user : Arrays.asList("it's \\ ?", "ada", "' OR 1 = 1 --")) {
        statement.setString(1, user);
        statement.setTimestamp(2, Timestamp.from(Instant.parse("2026-05-01T11:59:59Z")));
        statement.setBigDecimal(3, new java.math.BigDecimal("12.50"));
        statement.setString(4, "e1");
        statement.setString(5, "e2");
        statement.setInt(6, 10);
        answers.add(rows(statement.executeQuery()));
      }
    }
    return answers.toString();
  }

  static String types(Connection connection) throws SQLException {
    String sql =
        "SELECT type, timestamp, late, session_id, properties.price AS price,"
            + " toUInt64('18446744073709551615') AS large, [1, 2] AS list,"
            + " toDecimal128('12345678901234567890.25', 2) AS exact"
            + " FROM events WHERE event_id = 'e0'";
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      if (!row.next()) return "no row";
      return String.join(
          " ",
          row.getString("type"),
          row.getTimestamp("timestamp").toInstant().toString(),
          String.valueOf(row.getBoolean("late")),
          String.valueOf(row.getString("session_id")),
          row.getBigDecimal("price").toPlainString(),
          row.getObject("large").toString(),
          Arrays.toString((Object[]) row.getArray("list").getArray()),
          row.getBigDecimal("exact").toPlainString());
    }
  }

  static String manyRows(Connection connection) throws SQLException {
    long sum = 0;
    try (Statement statement = connection.createStatement();
        ResultSet found = statement.executeQuery("SELECT number FROM numbers(300000)")) {
      while (found.next()) sum += found.getLong(1);
    }
    return String.valueOf(sum);
  }

  /** Cancels until it has ended, because nobody tells when it has begun. */
  static String cancelled(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      Thread cancels =
          new Thread(
              () -> {
                try {
                  while (!Thread.interrupted()) {
                    statement.cancel();
                    Thread.sleep(50);
                  }
                } catch (InterruptedException ended) {
                  // It has.
                } catch (SQLException error) {
                  System.out.println("cancel: error " + error.getErrorCode());
                }
              });
      cancels.start();
      try {
        return rows(statement.executeQuery("SELECT sum(number) FROM numbers(1000000000000)"));
      } finally {
        cancels.interrupt();
        cancels.join();
      }
    }
  }

  static String rows(ResultSet found) throws SQLException {
    StringJoiner rows = new StringJoiner(" ");
    while (found.next()) {
      StringJoiner row = new StringJoiner(",");
      for (int at = 1; at <= found.getMetaData().getColumnCount(); at += 1)
        row.add(found.getString(at));
      rows.add(row.toString());
    }
    found.close();
    return rows.toString();
  }
}
