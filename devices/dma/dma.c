/* SPDX-License-Identifier: MIT */
/* The ways to move bytes at once; those that take longer are in dma_hold.c. */
#include "devices/dma/dma.h"

#include <errno.h>
#include <string.h>

#include "devices/dma/dma_internal.h"
#include "devices/inject/inject.h"
#include "devices/probe.h"

void dma_account(struct dma_port *port, enum dma_dir dir, uint64_t len)
{
	if (dir == DMA_READ) {
		port->count.reads++;
		port->count.read_bytes += len;
	} else {
		port->count.writes++;
		port->count.written_bytes += len;
	}
}

/* Gives fn what the plan reaches; *done counts the bytes it took. */
static int walk_planned(struct dma_port *port, const struct dma_plan *plan,
			dma_walk_fn fn, void *arg, uint64_t *done)
{
	const struct dma_access *a = &plan->access;
	struct dma_step step = plan->first;
	enum dma_reason reason;
	int err;

	for (*done = 0; *done < a->reached; *done += step.len) {
		if (*done && !dma_translate(port, a->iova + *done, a->reached - *done,
					    a->dir, &step, &reason))
			return -EFAULT;
		err = fn(arg, step.host, step.len);
		if (err)
			return err;
	}
	return 0;
}

int dma_walk(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
	     dma_walk_fn fn, void *arg, uint64_t *moved)
{
	struct dma_plan plan;
	uint64_t done;
	int err;

	if (moved)
		*moved = 0;
	if (!len)
		return -EINVAL;
	dma_plan(port, iova, len, dir, &plan);
	dma_witness_begin(port, &plan.access);
	err = walk_planned(port, &plan, fn, arg, &done);
	dma_witness_end(port, &plan.access);
	PROBE(dma_access, port->name, port->endpoint, iova, len, dir, done);
	if (done)
		dma_account(port, dir, done);
	if (moved)
		*moved = done;
	return !err && plan.access.fault ? dma_plan_fault(port, &plan) : err;
}

uint64_t dma_peek(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir,
		  dma_walk_fn fn, void *arg)
{
	enum dma_reason reason;
	struct dma_step step;
	uint64_t last, done;

	if (!len || __builtin_add_overflow(iova, len - 1, &last))
		return 0;
	for (done = 0; done < len; done += step.len)
		if (!dma_translate(port, iova + done, len - done, dir, &step, &reason) ||
		    fn(arg, step.host, step.len))
			break;
	return done;
}

int dma_copy_out(void *arg, void *piece, uint64_t len)
{
	uint8_t **to = arg;

	memcpy(*to, piece, len);
	*to += len;
	return 0;
}

int dma_copy_in(void *arg, void *piece, uint64_t len)
{
	const uint8_t **from = arg;

	memcpy(piece, *from, len);
	*from += len;
	return 0;
}

static int invert_bit(void *arg, void *piece, uint64_t len)
{
	const uint8_t *mask = arg;
	uint8_t *byte = piece;

	(void)len;
	*byte ^= *mask;
	return 0;
}

/* A copy that an injector may cut short, or invert a bit of where it arrived. */
static int spoilt_copy(struct dma_port *port, uint64_t iova, uint8_t *buf, uint64_t len,
		       enum dma_dir dir)
{
	int wrong = inject_transfer(port->inject, &len), err = 0;
	uint8_t *at = buf, mask;
	int64_t bit;

	if (!len)
		return wrong;
	err = dma_walk(port, iova, len, dir, dir == DMA_READ ? dma_copy_out : dma_copy_in,
		       &at, NULL);
	bit = err ? -1 : inject_flip(port->inject, len);
	mask = bit < 0 ? 0 : (uint8_t)(1u << bit % 8);
	if (bit >= 0 && dir == DMA_READ)
		buf[bit / 8] ^= mask;
	else if (bit >= 0)
		dma_walk(port, iova + (uint64_t)bit / 8, 1, dir, invert_bit, &mask, NULL);
	return err ? err : wrong;
}

int dma_read(struct dma_port *port, uint64_t iova, void *buf, uint64_t len)
{
	uint8_t *to = buf;

	if (port->inject && len)
		return spoilt_copy(port, iova, to, len, DMA_READ);
	return dma_walk(port, iova, len, DMA_READ, dma_copy_out, &to, NULL);
}

int dma_write(struct dma_port *port, uint64_t iova, const void *buf, uint64_t len)
{
	const uint8_t *from = buf;

	if (port->inject && len)
		return spoilt_copy(port, iova, (uint8_t *)(uintptr_t)buf, len, DMA_WRITE);
	return dma_walk(port, iova, len, DMA_WRITE, dma_copy_in, &from, NULL);
}

int64_t dma_describe(struct dma_port *port, uint64_t iova, uint64_t len,
		     struct dma_run *runs, uint64_t max)
{
	struct dma_run run = { 0 };
	struct dma_step step;
	struct dma_plan plan;
	enum dma_reason reason;
	int64_t nr = 0;

	if (!len)
		return -EINVAL;
	dma_plan(port, iova, len, DMA_READ, &plan);
	if (plan.access.fault)
		return dma_plan_fault(port, &plan);
	for (uint64_t done = 0; done < len; done += step.len) {
		if (!dma_translate(port, iova + done, len - done, DMA_READ, &step,
				   &reason))
			return -EFAULT;
		if (nr && run.gpa + run.len == step.gpa) {
			run.len += step.len;
		} else {
			run = (struct dma_run){ step.gpa, step.len };
			nr++;
		}
		if ((uint64_t)nr <= max)
			runs[nr - 1] = run;
	}
	return nr;
}

void *dma_direct(struct dma_port *port, uint64_t iova, uint64_t len, enum dma_dir dir)
{
	const struct dma_access access = { iova, len, len, dir, NULL };
	void *host = dma_one_piece(port, iova, len, dir);

	if (host) {
		PROBE(dma_access, port->name, port->endpoint, iova, len, dir, len);
		dma_witness_begin(port, &access);
		dma_witness_end(port, &access);
	}
	return host;
}
