/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/report/ktap.h"

static const char *skip_space(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* Past `word` and the space after it, or NULL where s does not start so. */
static const char *after_word(const char *s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(s, word, n) != 0 || (s[n] && s[n] != ' ' && s[n] != '\t'))
		return NULL;
	return skip_space(s + n);
}

/* A copy without spaces at its end. */
static char *copy_trimmed(const char *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return strndup(s, n);
}

static bool make_room(struct ktap *ktap)
{
	size_t capacity = ktap->capacity ? ktap->capacity * 2 : 64;
	struct ktap_result *results;

	if (ktap->nr_results == KTAP_RESULTS_MAX)
		return false;
	if (ktap->nr_results < ktap->capacity)
		return true;
	results = realloc(ktap->results, capacity * sizeof(*results));
	if (!results)
		return false;
	ktap->results = results;
	ktap->capacity = capacity;
	return true;
}

static void add_result(struct ktap *ktap, enum ktap_verdict verdict, const char *name,
		       size_t name_len, const char *evidence)
{
	struct ktap_result result = { .verdict = verdict };

	ktap->counts[verdict]++;
	if (!make_room(ktap))
		return;
	clock_gettime(CLOCK_MONOTONIC, &result.when);
	result.name = copy_trimmed(name, name_len);
	result.evidence = copy_trimmed(evidence, strlen(evidence));
	if (result.name && result.evidence) {
		ktap->results[ktap->nr_results++] = result;
		return;
	}
	free(result.name);
	free(result.evidence);
}

static void add_row(struct ktap *ktap, const char *text)
{
	char *row = ktap->nr_rows < KTAP_ROWS_MAX ? strdup(text) : NULL;

	if (row)
		ktap->rows[ktap->nr_rows++] = row;
}

static void parse_line(struct ktap *ktap, const char *line)
{
	enum ktap_verdict verdict = KTAP_PASSED;
	const char *s = skip_space(line), *after, *mark, *evidence = "";
	size_t name_len;

	after = after_word(s, "# table");
	if (after) {
		add_row(ktap, after);
		return;
	}
	after = after_word(s, "not");
	if (after) {
		verdict = KTAP_FAILED;
		s = after;
	}
	s = after_word(s, "ok");
	if (!s || !isdigit((unsigned char)*s))
		return;
	while (isdigit((unsigned char)*s))
		s++;
	s = skip_space(s);
	after = after_word(s, "-");
	if (after)
		s = after;

	mark = strstr(s, "# ");
	name_len = mark ? (size_t)(mark - s) : strlen(s);
	if (mark) {
		evidence = skip_space(mark + 1);
		after = after_word(evidence, "SKIP");
		if (after && verdict == KTAP_PASSED)
			verdict = KTAP_SKIPPED;
		if (after)
			evidence = after;
	}
	add_result(ktap, verdict, s, name_len, evidence);
}

void ktap_feed(struct ktap *ktap, const void *bytes, size_t count)
{
	const char *s = bytes;

	for (; count; s++, count--) {
		if (*s == '\n') {
			ktap->line[ktap->len] = '\0';
			parse_line(ktap, ktap->line);
			ktap->len = 0;
		} else if (*s != '\r' && *s && ktap->len < KTAP_LINE_MAX - 1) {
			ktap->line[ktap->len++] = *s;
		}
	}
}

void ktap_fini(struct ktap *ktap)
{
	size_t i;

	for (i = 0; i < ktap->nr_results; i++) {
		free(ktap->results[i].name);
		free(ktap->results[i].evidence);
	}
	free(ktap->results);
	for (i = 0; i < ktap->nr_rows; i++)
		free(ktap->rows[i]);
	memset(ktap, 0, sizeof(*ktap));
}
