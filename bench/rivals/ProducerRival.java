import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own producer, tuned for throughput, sending lines that lie in memory ready-made.
 * It neither reads HTTP nor checks anything. One line of JSON on stdout says how it went.
 *
 * Arguments: bootstrap servers, topic, file of lines "key TAB value", seconds to warm up, seconds.
 */
public final class ProducerRival {
  private record Line(byte[] key, byte[] value) {}

  public static void main(String[] arguments) throws Exception {
    var bootstrap = arguments[0];
    var topic = arguments[1];
    var warmUpNanos = (long) (Double.parseDouble(arguments[3]) * 1e9);
    var nanos = (long) (Double.parseDouble(arguments[4]) * 1e9);
    List<Line> lines =
        Files.readAllLines(Path.of(arguments[2])).stream()
            .map(
                line -> {
                  var tab = line.indexOf('\t');
                  return new Line(
                      line.substring(0, tab).getBytes(StandardCharsets.UTF_8),
                      line.substring(tab + 1).getBytes(StandardCharsets.UTF_8));
                })
            .toList();

    var properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    properties.put("compression.type", "lz4");
    properties.put("linger.ms", "5");
    properties.put("batch.size", "262144");
    properties.put("buffer.memory", "67108864");

    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    var acknowledged = new AtomicLong();
    var failed = new AtomicLong();
    try (var producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      send(producer, topic, lines, warmUpNanos, acknowledged, failed);
      acknowledged.set(0);
      var cpuBefore = system.getProcessCpuTime();
      var before = System.nanoTime();
      send(producer, topic, lines, nanos, acknowledged, failed);
      var seconds = (System.nanoTime() - before) / 1e9;
      var cpuMicros = (system.getProcessCpuTime() - cpuBefore) / 1e3 / acknowledged.get();
      if (failed.get() > 0) throw new IllegalStateException(failed.get() + " sends failed");
      System.out.printf(
          "{\"eventsPerSecond\":%.1f,\"cpuMicros\":%.3f}%n",
          acknowledged.get() / seconds, cpuMicros);
    }
  }

  private static void send(
      KafkaProducer<byte[], byte[]> producer,
      String topic,
      List<Line> lines,
      long nanos,
      AtomicLong acknowledged,
      AtomicLong failed) {
    var until = System.nanoTime() + nanos;
    for (var at = 0; System.nanoTime() < until; at = (at + 1) % lines.size()) {
      var line = lines.get(at);
      producer.send(
          new ProducerRecord<>(topic, line.key(), line.value()),
          (metadata, error) -> (error == null ? acknowledged : failed).incrementAndGet());
    }
    producer.flush();
  }
}
