/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "vmm/qmp/qmp_frame.h"

#define ROOM_FIRST 512u
#define ROOM_KEPT  4096u /* more is given back when its value is done */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void forget_value(struct qmp_frame *f)
{
	if (f->room > ROOM_KEPT) {
		free(f->buf);
		f->buf = NULL;
		f->room = 0;
	}
	f->used = 0;
	f->delivered = false;
}

static bool make_room(struct qmp_frame *f)
{
	size_t room = f->room ? f->room * 2 : ROOM_FIRST;
	char *buf;

	if (f->used < f->room)
		return true;
	buf = realloc(f->buf, room);
	if (!buf)
		return false;
	f->buf = buf;
	f->room = room;
	return true;
}

/* Something is wrong with the value: the rest of it is skipped. */
static enum qmp_frame_result refuse(struct qmp_frame *f, enum qmp_frame_result why)
{
	forget_value(f);
	f->skipping = true;
	return why;
}

static enum qmp_frame_result keep(struct qmp_frame *f, char c)
{
	if (f->skipping)
		return QMP_FRAME_MORE;
	if (f->depth > f->depth_max)
		return refuse(f, QMP_FRAME_TOO_DEEP);
	if (f->used == f->value_max)
		return refuse(f, QMP_FRAME_TOO_LARGE);
	if (!make_room(f))
		return refuse(f, QMP_FRAME_NO_MEMORY);
	f->buf[f->used++] = c;
	return QMP_FRAME_MORE;
}

static enum qmp_frame_result string_char(struct qmp_frame *f, char c)
{
	bool skipping = f->skipping;

	if (c == '\n') {
		forget_value(f);
		f->depth = 0;
		f->in_string = f->escaped = f->skipping = false;
		return skipping ? QMP_FRAME_MORE : QMP_FRAME_GARBAGE;
	}
	if (f->escaped)
		f->escaped = false;
	else if (c == '\\')
		f->escaped = true;
	else if (c == '"')
		f->in_string = false;
	return keep(f, c);
}

static enum qmp_frame_result value_char(struct qmp_frame *f, char c)
{
	enum qmp_frame_result result;

	f->in_string = c == '"';
	if (c == '{' || c == '[')
		f->depth++;
	result = keep(f, c);
	if (c != '}' && c != ']')
		return result;
	if (--f->depth || result != QMP_FRAME_MORE) {
		f->skipping = f->skipping && f->depth;
		return result;
	}
	if (f->skipping) {
		f->skipping = false;
		return QMP_FRAME_MORE;
	}
	f->delivered = true;
	return QMP_FRAME_VALUE;
}

static enum qmp_frame_result between(struct qmp_frame *f, char c)
{
	bool skipping = f->skipping;

	if (c == '{' || c == '[') {
		f->skipping = false;
		return value_char(f, c);
	}
	if (c == '\n')
		f->skipping = false;
	if (is_space(c) || skipping)
		return QMP_FRAME_MORE;
	f->skipping = true;
	return QMP_FRAME_GARBAGE;
}

enum qmp_frame_result qmp_frame_take(struct qmp_frame *f, const char *bytes, size_t n,
				     size_t *taken)
{
	enum qmp_frame_result result = QMP_FRAME_MORE;
	size_t i;

	if (f->delivered)
		forget_value(f);
	for (i = 0; i < n && result == QMP_FRAME_MORE; i++) {
		if (f->in_string)
			result = string_char(f, bytes[i]);
		else if (f->depth)
			result = value_char(f, bytes[i]);
		else
			result = between(f, bytes[i]);
	}
	*taken = i;
	return result;
}

void qmp_frame_fini(struct qmp_frame *f)
{
	free(f->buf);
	f->buf = NULL;
	f->used = f->room = 0;
}
