/* SPDX-License-Identifier: MIT */
/*
 * A fuzz target without a fuzzer:
 *
 *	NAME			replays tests/fuzz/corpus/NAME and the target's seeds; speaks TAP
 *	NAME FILE...		judges these files
 *	NAME --seeds DIR	writes the seeds to DIR
 *
 * The file at work is named on standard error before it runs, as it may not come back.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/lib/fuzz.h"

#define INPUT_MAX 65536u

static uint8_t input[INPUT_MAX];

/* On a copy of its own size, so that a byte behind the end is noticed. */
static void judge(size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, input, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static bool judge_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f) {
		perror(path);
		return false;
	}
	size = fread(input, 1, sizeof(input), f);
	fclose(f);
	fprintf(stderr, "# %s\n", path);
	judge(size);
	return true;
}

static unsigned int judge_folder(const char *path)
{
	struct dirent **entry;
	int nr = scandir(path, &entry, NULL, alphasort);
	unsigned int judged = 0;

	for (int i = 0; i < nr; i++) {
		char file[2 * PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			judged += judge_file(file);
		free(entry[i]);
	}
	if (nr >= 0)
		free(entry);
	return judged;
}

static unsigned int judge_seeds(void)
{
	unsigned int n = 0;
	size_t size;

	while ((size = fuzz_seed(n, input, sizeof(input)))) {
		fprintf(stderr, "# seed %u\n", n);
		judge(size);
		n++;
	}
	return n;
}

static int write_seeds(const char *dir)
{
	size_t size;

	for (unsigned int n = 0; (size = fuzz_seed(n, input, sizeof(input))); n++) {
		char path[PATH_MAX];
		FILE *f;

		snprintf(path, sizeof(path), "%s/seed-%u", dir, n);
		f = fopen(path, "wb");
		if (!f || fwrite(input, 1, size, f) != size || fclose(f)) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

static int replay(const char *program)
{
	const char *name = strrchr(program, '/');
	unsigned int nr[2];
	char dir[PATH_MAX];

	name = name ? name + 1 : program;
	snprintf(dir, sizeof(dir), "tests/fuzz/corpus/%s", name);
	nr[0] = judge_seeds();
	nr[1] = judge_folder(dir);
	printf("1..2\n");
	printf("%s 1 - fuzz.%s.seeds # %u\n", nr[0] ? "ok" : "not ok", name, nr[0]);
	printf("%s 2 - fuzz.%s.corpus # %u\n", nr[1] ? "ok" : "not ok", name, nr[1]);
	return !nr[0] || !nr[1];
}

int main(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return replay(argv[0]);
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	for (int i = 1; i < argc; i++)
		status |= !judge_file(argv[i]);
	return status;
}
