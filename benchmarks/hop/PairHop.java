import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The job on Kafka Streams: open starts in a RocksDB store with its changelog. Says "ready" once it runs. */
public final class PairHop {
    private static final String STORE = "sessions";
    private static final ObjectReader READER = new ObjectMapper().readerFor(Envelope.class);

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Envelope(String type, Event data) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Event(String activity_id, String phase, String at) {}

    static final class Pair implements Processor<String, byte[], String, byte[]> {
        private ProcessorContext<String, byte[]> context;
        private KeyValueStore<String, Long> store;

        @Override
        public void init(ProcessorContext<String, byte[]> context) {
            this.context = context;
            this.store = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, byte[]> record) {
            Event event = read(record.value());
            long at = Instant.parse(event.at()).toEpochMilli();
            if (event.phase().equals("start")) {
                store.put(event.activity_id(), at);
                return;
            }
            Long start = store.delete(event.activity_id());
            if (start != null) {
                context.forward(record.withValue(pair(event.activity_id(), start / 1000, at / 1000)));
            }
        }

        private static Event read(byte[] value) {
            try {
                return READER.<Envelope>readValue(value).data();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }

        private static byte[] pair(String id, long start, long end) {
            String text = "{\"id\":\"" + id + "\",\"start\":" + start + ",\"end\":" + end + "}";
            return text.getBytes(StandardCharsets.UTF_8);
        }
    }

    /** Arguments: bootstrap, topic of the events, topic of the pairs, application id, state directory. */
    public static void main(String[] arguments) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.Long()));
        builder.<String, byte[]>stream(arguments[1]).process(Pair::new, STORE).to(arguments[2]);
        KafkaStreams streams = new KafkaStreams(builder.build(), properties);
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.RUNNING) {
                System.out.println("ready");
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
