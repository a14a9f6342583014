/* SPDX-License-Identifier: MIT */
/*
 * QMP: what a client sends, to a machine that is none.  The input is two bytes (how the
 * stream is cut; how the machine is) and the stream.
 *
 * However it is cut the same values are found in it; each of them, and each mistake, gets one
 * answer; what comes back is JSON, line by line; and another client is served afterwards.
 * The machine is a confined one: a dump opens no file.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/lib/fuzz.h"
#include "tests/unit/vmm/fake_control.h"
#include "vmm/machine/loop.h"
#include "vmm/qmp/qmp.h"
#include "vmm/qmp/qmp_frame.h"

#define STREAM_MAX 4096u
#define IN_MAX	   (2u << 20)
#define PIECES_MAX 6u
#define VALUE_MAX  512u /* of the frames that are compared */
#define DEPTH_MAX  8u

static struct {
	pthread_mutex_t lock;
	struct loop loop;
	struct fake_control fake;
	struct qmp_server *server;
} f;

/* --- frames --------------------------------------------------------------------------------- */

/* What was found in the stream: a running number over results and values. */
struct found {
	unsigned int n;
	uint64_t hash;
};

static void note(struct found *found, enum qmp_frame_result result,
		 const struct qmp_frame *frame)
{
	found->n++;
	found->hash = found->hash * 31 + (unsigned int)result;
	for (size_t i = 0; result == QMP_FRAME_VALUE && i < frame->used; i++)
		found->hash = found->hash * 31 + (uint8_t)frame->buf[i];
}

static struct found frames(const char *bytes, size_t n, size_t piece, size_t value_max,
			   unsigned int depth_max)
{
	struct qmp_frame frame = { .value_max = value_max, .depth_max = depth_max };
	struct found found = { 0 };

	while (n) {
		size_t now = piece && piece < n ? piece : n, taken = 0;
		enum qmp_frame_result result = qmp_frame_take(&frame, bytes, now, &taken);

		FUZZ_CHECK(taken <= now);
		FUZZ_CHECK(result != QMP_FRAME_NO_MEMORY);
		FUZZ_CHECK(result != QMP_FRAME_MORE || taken == now);
		FUZZ_CHECK(frame.used <= value_max);
		if (result != QMP_FRAME_MORE)
			note(&found, result, &frame);
		bytes += taken;
		n -= taken;
	}
	qmp_frame_fini(&frame);
	return found;
}

static void check_frames(const char *bytes, size_t n, size_t piece)
{
	struct found whole = frames(bytes, n, 0, VALUE_MAX, DEPTH_MAX);
	struct found cut = frames(bytes, n, piece, VALUE_MAX, DEPTH_MAX);

	FUZZ_CHECK(whole.n == cut.n && whole.hash == cut.hash);
}

/* --- conversations --------------------------------------------------------------------------- */

static void run_server(void)
{
	struct pollfd ready = { .fd = f.loop.control.fd, .events = POLLIN };

	while (poll(&ready, 1, 0) > 0)
		loop_run_once(&f.loop);
}

static int connect_client(void)
{
	struct error err = { "" };
	int pair[2];

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	FUZZ_CHECK(!qmp_add_client(f.server, pair[1], &err));
	return pair[0];
}

/* One line of an answer: JSON; true when it answers something, and is no event. */
static bool is_answer(const char *line, size_t n)
{
	json_t *value = json_loadb(line, n, 0, NULL);
	bool answer;

	FUZZ_CHECK(json_is_object(value));
	answer = json_object_get(value, "return") || json_object_get(value, "error");
	FUZZ_CHECK(answer || json_object_get(value, "event") ||
		   json_object_get(value, "QMP"));
	json_decref(value);
	return answer;
}

/* Takes all that has come: how many answers there were. */
static unsigned int receive(int fd)
{
	static char in[IN_MAX];
	unsigned int answers = 0;
	size_t used = 0;
	ssize_t n;

	for (;;) {
		run_server();
		n = recv(fd, in + used, sizeof(in) - used, MSG_DONTWAIT);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	for (char *at = in, *end; (end = memchr(at, '\n', (size_t)(in + used - at)));
	     at = end + 1)
		answers += is_answer(at, (size_t)(end - at));
	return answers;
}

/* Sends it in pieces, a few; how many answers came. */
static unsigned int converse(int fd, const char *bytes, size_t n, size_t piece)
{
	unsigned int answers = 0;

	if (piece && piece < n / PIECES_MAX + 1)
		piece = n / PIECES_MAX + 1;
	while (n) {
		size_t now = piece && piece < n ? piece : n;
		ssize_t sent = send(fd, bytes, now, MSG_DONTWAIT | MSG_NOSIGNAL);

		FUZZ_CHECK(sent > 0 || errno == EAGAIN);
		if (sent > 0) {
			bytes += sent;
			n -= (size_t)sent;
		}
		answers += receive(fd);
	}
	return answers + receive(fd);
}

static void check_next_client(void)
{
	static const char ask[] = "{\"execute\":\"qmp_capabilities\"}"
				  "{\"execute\":\"query-status\"}";
	int fd = connect_client();

	FUZZ_CHECK(converse(fd, ask, sizeof(ask) - 1, 0) == 2);
	close(fd);
	run_server();
}

static void open_server(void)
{
	pthread_mutex_init(&f.lock, NULL);
	FUZZ_CHECK(!loop_init(&f.loop, &f.lock));
	fake_control_init(&f.fake);
	f.server = qmp_create(&f.fake.control, &f.loop);
	FUZZ_CHECK(f.server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz in = { data, size };
	size_t piece = fuzz_u8(&in);
	uint8_t how = fuzz_u8(&in);
	unsigned int wanted;
	int fd;

	if (in.left > STREAM_MAX)
		return 0;
	if (!f.server)
		open_server();
	f.fake.status = how & 1 ? CONTROL_RUNNING : CONTROL_PRELAUNCH;
	f.fake.refuse = how & 2;
	f.fake.without_kvm = how & 4;
	f.fake.confined = true;
	check_frames((const char *)in.at, in.left, piece);

	wanted = frames((const char *)in.at, in.left, 0, QMP_VALUE_MAX, QMP_DEPTH_MAX).n;
	fd = connect_client();
	FUZZ_CHECK(converse(fd, (const char *)in.at, in.left, piece) == wanted);
	close(fd);
	run_server();
	check_next_client();
	return 0;
}

size_t fuzz_seed(unsigned int n, uint8_t *buf, size_t size)
{
#define OK "{\"execute\":\"qmp_capabilities\"}\n"
	static const char *const text[] = {
		OK
		"{\"execute\":\"query-status\",\"id\":[1,{\"a\":null}]}\n"
		"{\"execute\":\"cont\"}{\"execute\":\"stop\"}{\"execute\":\"query-cpus-fast\"}",
		OK
		"{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":"
		"[{\"capability\":\"events\",\"state\":true}]},\"id\":\"l-2\"}",
		OK
		"{\"execute\":\"dump-guest-memory\",\"arguments\":{\"paging\":false,"
		"\"protocol\":\"fd:d\",\"begin\":0,\"length\":4096,\"format\":\"elf\"}}"
		"{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"d\"}}",
		OK
		"{\"execute\":\"balloon\",\"arguments\":{\"value\":134217728}}"
		"{\"execute\":\"query-balloon\"}{\"execute\":\"qom-get\",\"arguments\":"
		"{\"path\":\"/machine/peripheral/balloon0\",\"property\":\"guest-stats\"}}"
		"{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/"
		"balloon0\",\"property\":\"guest-stats-polling-interval\",\"value\":2}}",
		OK
		"{\"execute\":\"query-blockstats\"}{\"execute\":\"query-block\"}"
		"{\"execute\":\"query-named-block-nodes\"}{\"execute\":\"query-chardev\"}",
		OK
		"{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":"
		"\"info registers\"}}{\"execute\":\"device-list-properties\",\"arguments\":"
		"{\"typename\":\"virtio-blk-pci\"}}{\"execute\":\"query-machines\"}",
		OK "{\"execute\":\"system_reset\"}{\"execute\":\"system_powerdown\"}"
		   "{\"execute\":\"inject-nmi\"}{\"execute\":\"quit\"}",
		"[[[[[[[[[[1]]]]]]]]]]{\"a\":\"\\\"}\n]{\"execute\":7}x\n{\"execute\":\"stop\"}",
	};
	struct fuzz_out out = { buf, size };

	if (n >= sizeof(text) / sizeof(text[0]))
		return 0;
	fuzz_put(&out, n % 3 * 7, 1);
	fuzz_put(&out, n, 1);
	fuzz_put_bytes(&out, text[n], strlen(text[n]));
	return size - out.left;
}
