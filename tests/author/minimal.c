/* The smallest supplier without Rust: it books one ticket at a time and asks nobody for it.
 *
 * The table and its rules are core/contract/src/abi.rs; the messages are docs/contract.md. A real plugin would read the
 * messages it is given, ask the host for HTTP with `request` and get the answers through `deliver`. Whoever has to do
 * that in C wants a JSON library and a lock around what two threads touch: any function may be called from any thread.
 */
#include <stddef.h>
#include <stdint.h>

enum { ACCEPTED = 0, CLOSED = 2, REFUSED = 3 };

/* What the host offers. It lives as long as the process. */
struct host_table {
    uint32_t abi;
    uint32_t size;
    void (*reply)(uint64_t instance, uint64_t call, const uint8_t *data, size_t length);
    void (*request)(uint64_t instance, uint64_t service_call, const uint8_t *data, size_t length);
    void (*log)(uint64_t instance, const uint8_t *data, size_t length);
    int64_t (*now)(void);
    void (*closed)(uint64_t instance);
};

typedef void (*sink_function)(uint64_t context, const uint8_t *data, size_t length);

/* What this library offers. All of it returns at once. */
struct plugin_table {
    uint32_t abi;
    uint32_t size;
    int32_t (*manifest)(sink_function sink, uint64_t context);
    int32_t (*open)(const struct host_table *host, uint64_t instance, const uint8_t *data, size_t length);
    int32_t (*submit)(uint64_t instance, uint64_t call, const uint8_t *data, size_t length);
    void (*cancel)(uint64_t instance, uint64_t call);
    int32_t (*deliver)(uint64_t instance, uint64_t service_call, const uint8_t *data, size_t length);
    void (*close)(uint64_t instance);
};

static const char MANIFEST[] =
    "{\"id\":\"minimal-c\",\"kind\":\"supplier\",\"family\":\"minimal\",\"version\":\"1.0.0\","
    "\"contract\":{\"major\":1,\"minor\":0},\"summary\":\"One ticket at a time, from a plugin in C.\","
    "\"capabilities\":{\"supplier\":{\"fulfils\":{\"by\":\"calls\",\"book\":{\"units_limit\":1}}}},"
    "\"instance_settings\":{\"type\":\"object\",\"additionalProperties\":false},"
    "\"connection_settings\":{\"type\":\"object\",\"additionalProperties\":false}}";

static const char OPENED[] = "{\"Ok\":{}}";

static const char TICKET[] =
    "{\"Ok\":{\"from\":\"supplier\",\"answer\":\"booking\",\"booking\":\"issued\","
    "\"units\":[{\"unit\":1,\"credentials\":[{\"kind\":\"qr_code\",\"value\":\"C-1\"}]}]}}";

/* The host gives the same table to every instance; whoever writes it first writes what all write. */
static const struct host_table *_Atomic the_host;

static void answer(uint64_t instance, uint64_t call, const char *text, size_t size) {
    const struct host_table *host = the_host;
    /* The text without the zero at its end; the host copies it before it returns. */
    host->reply(instance, call, (const uint8_t *)text, size - 1);
}

static int32_t manifest(sink_function sink, uint64_t context) {
    sink(context, (const uint8_t *)MANIFEST, sizeof MANIFEST - 1);
    return ACCEPTED;
}

static int32_t open_instance(const struct host_table *host, uint64_t instance, const uint8_t *data, size_t length) {
    (void)data, (void)length;
    the_host = host;
    answer(instance, 0, OPENED, sizeof OPENED);
    return ACCEPTED;
}

static int32_t submit(uint64_t instance, uint64_t call, const uint8_t *data, size_t length) {
    (void)data;
    if (the_host == NULL) return CLOSED;
    /* An empty message is a heartbeat; without threads of its own a library refuses it. */
    if (length == 0) return REFUSED;
    /* It declares nothing but `book` of one unit: nothing else arrives. */
    answer(instance, call, TICKET, sizeof TICKET);
    return ACCEPTED;
}

static void cancel(uint64_t instance, uint64_t call) { (void)instance, (void)call; }

static int32_t deliver(uint64_t instance, uint64_t service_call, const uint8_t *data, size_t length) {
    (void)instance, (void)service_call, (void)data, (void)length;
    return REFUSED;
}

static void close_instance(uint64_t instance) {
    const struct host_table *host = the_host;
    if (host != NULL) host->closed(instance);
}

static const struct plugin_table TABLE = {
    .abi = 1,
    .size = sizeof(struct plugin_table),
    .manifest = manifest,
    .open = open_instance,
    .submit = submit,
    .cancel = cancel,
    .deliver = deliver,
    .close = close_instance,
};

__attribute__((visibility("default"))) const struct plugin_table *entrepot_plugin_v1(void) { return &TABLE; }
