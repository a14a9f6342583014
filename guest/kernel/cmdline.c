/* SPDX-License-Identifier: MIT */
#include <linux/string.h>
#include <guest/cmdline.h>

/* Tabs and line ends, too, as a file with a command line has them. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Ends the word at text, with its quotes taken out; where the next one may begin. */
static char *cut_word(char *text)
{
	bool quoted = false;
	char *to = text;

	for (; *text && (quoted || !is_space(*text)); text++) {
		if (*text == '"')
			quoted = !quoted;
		else
			*to++ = *text;
	}
	if (*text)
		text++;
	*to = 0;
	return text;
}

static const struct kernel_param *find_param(const char *name,
					     const struct kernel_param *params,
					     const struct kernel_param *end)
{
	for (; params < end; params++)
		if (!strcmp(params->name, name))
			return params;
	return NULL;
}

void cmdline_parse(char *text, const struct kernel_param *params,
		   const struct kernel_param *end,
		   void (*report)(const char *name, const char *value, int error))
{
	while (*text) {
		const struct kernel_param *param;
		char *name = text, *value;
		int error;

		text = cut_word(text);
		if (!strcmp(name, "--"))
			return;
		if (!*name)
			continue;
		value = strchr(name, '=');
		if (value)
			*value++ = 0;
		param = find_param(name, params, end);
		error = param ? param->set(value) : 0;
		if (!param || error)
			report(name, value, error);
	}
}
