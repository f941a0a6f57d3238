import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFilterFunction;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.api.java.typeutils.TupleTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.Headers;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.Collector;

/**
 * The dedup stage as a DataStream job, written by hand and tuned: each record once by its key,
 * bytes, headers and times passed on, exactly once, state for two windows of a day.
 *
 * <p>Arguments: bootstrap servers, topic to read, topic to write, name.
 */
public final class DedupRival {
  private static final int PARALLELISM = 2;
  private static final int BATCH_BYTES = 256 * 1024;

  public static void main(String[] arguments) throws Exception {
    var bootstrap = arguments[0];
    var from = arguments[1];
    var to = arguments[2];
    var name = arguments[3];

    var settings = new Configuration();
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("pipeline.generic-types", "false");
    settings.setString("execution.checkpointing.interval", "3 s");
    settings.setString("state.backend.type", "rocksdb");
    settings.setString("execution.checkpointing.incremental", "true");
    settings.setString("state.backend.rocksdb.predefined-options", "FLASH_SSD_OPTIMIZED");
    settings.setString("state.backend.rocksdb.use-bloom-filter", "true");
    var environment = StreamExecutionEnvironment.getExecutionEnvironment(settings);
    environment.setParallelism(PARALLELISM);

    var source =
        KafkaSource.<Tuple4<String, byte[], byte[], Long>>builder()
            .setBootstrapServers(bootstrap)
            .setTopics(from)
            .setGroupId(name)
            .setStartingOffsets(OffsetsInitializer.earliest())
            .setProperty("isolation.level", "read_committed")
            .setProperty("fetch.min.bytes", "65536")
            .setProperty("max.partition.fetch.bytes", "4194304")
            .setProperty("max.poll.records", "2000")
            .setDeserializer(new Reader())
            .build();
    var sink =
        KafkaSink.<Tuple4<String, byte[], byte[], Long>>builder()
            .setBootstrapServers(bootstrap)
            .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
            .setTransactionalIdPrefix(name)
            .setProperty("compression.type", "lz4")
            .setProperty("batch.size", String.valueOf(BATCH_BYTES))
            .setProperty("linger.ms", "20")
            .setProperty("transaction.timeout.ms", "900000")
            .setRecordSerializer(new Writer(to))
            .build();
    environment
        .fromSource(source, WatermarkStrategy.noWatermarks(), "raw log")
        .keyBy(record -> record.f0, Types.STRING)
        .filter(new First())
        .sinkTo(sink);
    environment.execute(name);
  }

  /** Lets pass what has a key that none before it had, for two windows. */
  private static final class First
      extends RichFilterFunction<Tuple4<String, byte[], byte[], Long>> {
    private transient ValueState<Boolean> seen;

    @Override
    public void open(OpenContext context) {
      var descriptor = new ValueStateDescriptor<>("seen", Types.BOOLEAN);
      descriptor.enableTimeToLive(StateTtlConfig.newBuilder(Duration.ofHours(48)).build());
      seen = getRuntimeContext().getState(descriptor);
    }

    @Override
    public boolean filter(Tuple4<String, byte[], byte[], Long> record) throws IOException {
      if (seen.value() != null) return false;
      seen.update(true);
      return true;
    }
  }

  private static final class Reader
      implements KafkaRecordDeserializationSchema<Tuple4<String, byte[], byte[], Long>> {
    @Override
    public void deserialize(
        ConsumerRecord<byte[], byte[]> record,
        Collector<Tuple4<String, byte[], byte[], Long>> out)
        throws IOException {
      var key = new String(record.key(), StandardCharsets.UTF_8);
      out.collect(Tuple4.of(key, record.value(), bytesOf(record.headers()), record.timestamp()));
    }

    @Override
    public TypeInformation<Tuple4<String, byte[], byte[], Long>> getProducedType() {
      var bytes = PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
      return new TupleTypeInfo<>(Types.STRING, bytes, bytes, Types.LONG);
    }
  }

  private static final class Writer
      implements KafkaRecordSerializationSchema<Tuple4<String, byte[], byte[], Long>> {
    private final String topic;

    private Writer(String topic) {
      this.topic = topic;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
        Tuple4<String, byte[], byte[], Long> record, KafkaSinkContext context, Long timestamp) {
      var key = record.f0.getBytes(StandardCharsets.UTF_8);
      return new ProducerRecord<>(topic, null, record.f3, key, record.f1, headersOf(record.f2));
    }
  }

  private static byte[] bytesOf(Headers headers) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var out = new DataOutputStream(bytes);
    for (var header : headers) {
      out.writeUTF(header.key());
      out.writeInt(header.value().length);
      out.write(header.value());
    }
    return bytes.toByteArray();
  }

  private static Headers headersOf(byte[] bytes) {
    try {
      var in = new DataInputStream(new ByteArrayInputStream(bytes));
      var headers = new RecordHeaders();
      while (in.available() > 0) {
        var key = in.readUTF();
        headers.add(key, in.readNBytes(in.readInt()));
      }
      return headers;
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
