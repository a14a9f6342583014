/* SPDX-License-Identifier: MIT */
/* Failures on purpose: which call fails is decided here, what failing means elsewhere. */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/fault-inject.h>
#include <linux/kernel.h>

/* Marsaglia's xorshift64: good enough to scatter failures, the same in every run. */
static u64 next_random(struct fault_attr *attr)
{
	u64 x = attr->random ? attr->random : 0x9e3779b97f4a7c15ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	attr->random = x;
	return x;
}

/* A decimal number in front of a comma or the end; *s moves behind the comma. */
static int parse_number(const char **s, long *value)
{
	bool negative = **s == '-';
	const char *at = *s + negative;
	long n = 0;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *at - '0', &n))
			return -EINVAL;
	if (*at && *at != ',')
		return -EINVAL;
	*s = *at ? at + 1 : at;
	*value = negative ? -n : n;
	return 0;
}

int setup_fault_attr(struct fault_attr *attr, const char *arg)
{
	enum { INTERVAL, PROBABILITY, SPACE, TIMES, FIELDS };
	long v[FIELDS];

	if (!arg)
		return -EINVAL;
	for (int i = 0; i < FIELDS; i++) {
		if (parse_number(&arg, &v[i]))
			return -EINVAL;
		if (v[i] < (i == TIMES ? -1 : 0) || v[i] != (int)v[i])
			return -EINVAL;
	}
	if (*arg || v[PROBABILITY] > 100)
		return -EINVAL;
	*attr = (struct fault_attr){
		.interval = (unsigned long)v[INTERVAL],
		.probability = (unsigned long)v[PROBABILITY],
		.space = ATOMIC_INIT((int)v[SPACE]),
		.times = ATOMIC_INIT((int)v[TIMES]),
	};
	return 0;
}

bool should_fail(struct fault_attr *attr, ssize_t size)
{
	unsigned long count = (unsigned long)atomic_long_inc_return(&attr->count);

	if (!attr->probability || !atomic_read(&attr->times))
		return false;
	if (atomic_read(&attr->space) > size) {
		atomic_sub((int)size, &attr->space);
		return false;
	}
	if (attr->interval > 1 && count % attr->interval)
		return false;
	if (attr->probability < 100 && next_random(attr) % 100 >= attr->probability)
		return false;
	if (atomic_read(&attr->times) > 0)
		atomic_dec(&attr->times);
	atomic_long_inc(&attr->failed);
	return true;
}
