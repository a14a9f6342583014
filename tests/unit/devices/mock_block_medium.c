/* SPDX-License-Identifier: MIT */
#include "tests/unit/devices/mock_block_medium.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define IN_FLIGHT  16
#define MAX_IOV	   8
#define MAX_LENGTH 20000

/* --- a temporary directory and its file ------------------------------------------- */

char medium_dir[] = "/tmp/pagevisor-block-XXXXXX";
char medium_path[64];

int medium_make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(medium_dir))
		return -1;
	snprintf(medium_path, sizeof(medium_path), "%s/disk", medium_dir);
	return 0;
}

int medium_remove_dir(void **state)
{
	(void)state;
	unlink(medium_path);
	return rmdir(medium_dir);
}

static uint64_t random_state;

uint32_t medium_random(uint32_t below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((random_state >> 33) % below);
}

void medium_make(const void *bytes, size_t size)
{
	int fd = open(medium_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	if (bytes)
		assert_int_equal(pwrite(fd, bytes, size, 0), size);
	else
		assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

uint64_t medium_hash(size_t size)
{
	char *bytes = malloc(size);
	int fd = open(medium_path, O_RDONLY);
	struct stat st;
	uint64_t hash;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(pread(fd, bytes, size, 0), size);
	hash = XXH3_64bits(bytes, size);
	close(fd);
	free(bytes);
	return hash;
}

/* --- random operations against a model -------------------------------------------- */

struct slot {
	struct block_request req;
	struct iovec iov[MAX_IOV];
	uint8_t data[MAX_LENGTH];
	uint64_t offset, length;
	bool busy;
};

struct model {
	struct block_backend *be;
	uint8_t bytes[MEDIUM_SIZE];
	struct slot slots[IN_FLIGHT];
	unsigned int done;
};

static struct model *model;

static void slot_done(struct block_request *req, int error)
{
	struct slot *slot = (struct slot *)req;

	assert_int_equal(error, 0);
	assert_true(slot->busy);
	slot->busy = false;
	model->done++;
	if (req->op == BLOCK_READ)
		assert_memory_equal(slot->data, model->bytes + slot->offset,
				    slot->length);
}

static bool overlaps(const struct slot *slot)
{
	for (int i = 0; i < IN_FLIGHT; i++) {
		const struct slot *other = &model->slots[i];

		if (other != slot && other->busy &&
		    slot->offset < other->offset + other->length &&
		    other->offset < slot->offset + slot->length)
			return true;
	}
	return false;
}

/* Cuts the slot's data into a few unequal pieces, empty ones among them. */
static void scatter(struct slot *slot)
{
	size_t at = 0, piece;

	slot->req.iovcnt = 1 + medium_random(MAX_IOV);
	for (unsigned int i = 0; i < slot->req.iovcnt; i++) {
		piece = i + 1 == slot->req.iovcnt
				? slot->length - at
				: medium_random((uint32_t)(slot->length - at + 1));
		slot->iov[i] = (struct iovec){ slot->data + at, piece };
		at += piece;
	}
	slot->req.iov = slot->iov;
}

static void apply(struct slot *slot)
{
	if (slot->req.op == BLOCK_WRITE) {
		for (size_t i = 0; i < slot->length; i++)
			slot->data[i] = (uint8_t)medium_random(256);
		memcpy(model->bytes + slot->offset, slot->data, slot->length);
	} else if (slot->req.op == BLOCK_DISCARD || slot->req.op == BLOCK_ZERO) {
		/* On a file a discarded range reads as zeroes. */
		memset(model->bytes + slot->offset, 0, slot->length);
	}
}

static void submit_random(struct slot *slot)
{
	slot->offset = medium_random(MEDIUM_SIZE - 1);
	slot->length = 1 + medium_random(MAX_LENGTH);
	if (slot->offset + slot->length > MEDIUM_SIZE)
		slot->length = MEDIUM_SIZE - slot->offset;
	if (overlaps(slot))
		return;
	slot->req = (struct block_request){
		.op = (enum block_op)medium_random(5),
		.unmap = medium_random(2),
		.offset = slot->offset,
		.length = slot->length,
		.done = slot_done,
	};
	apply(slot);
	scatter(slot);
	slot->busy = true;
	block_submit(model->be, &slot->req);
}

void medium_wait(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, 10000), 1);
}

void medium_random_run(const struct block_config *config)
{
	unsigned int submitted = 0;

	model = calloc(1, sizeof(*model));
	random_state = config->depth;
	for (size_t i = 0; i < MEDIUM_SIZE; i++)
		model->bytes[i] = (uint8_t)medium_random(256);
	medium_make(model->bytes, MEDIUM_SIZE);
	assert_int_equal(block_backend_open(config, &model->be), 0);
	assert_int_equal(block_size(model->be), MEDIUM_SIZE);
	while (model->done < 1000) {
		unsigned int before = model->done;

		for (int i = 0; i < IN_FLIGHT; i++) {
			if (!model->slots[i].busy && medium_random(4)) {
				submit_random(&model->slots[i]);
				submitted += model->slots[i].busy;
			}
		}
		block_kick(model->be);
		while (submitted > model->done && model->done == before) {
			medium_wait(block_event_fd(model->be));
			block_poll(model->be);
		}
	}
	block_drain(model->be);
	assert_int_equal(model->done, submitted);
	block_backend_close(model->be);
	assert_true(medium_hash(MEDIUM_SIZE) == XXH3_64bits(model->bytes, MEDIUM_SIZE));
	free(model);
}
