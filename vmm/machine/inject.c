/* SPDX-License-Identifier: MIT */
#include "vmm/machine/inject.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/cli/command.h"

#define NAMES_MAX 256

/* Appends `name` to a list of names. */
static void list_name(char *list, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, NAMES_MAX - used, "%s%s", used ? ", " : "", name);
}

static void list_kinds(char *list)
{
	list[0] = '\0';
	for (unsigned int i = 0; i < INJECT_KINDS; i++)
		list_name(list, inject_name((enum inject_kind)i));
}

static bool find_kind(const char *name, enum inject_kind *kind)
{
	for (unsigned int i = 0; i < INJECT_KINDS; i++) {
		if (!strcmp(name, inject_name((enum inject_kind)i))) {
			*kind = (enum inject_kind)i;
			return true;
		}
	}
	return false;
}

static int parse_seed(const char *text, uint64_t *seed)
{
	char *end;

	errno = 0;
	*seed = strtoull(text, &end, 10);
	return errno || end == text || *end || *text < '0' || *text > '9' ? -EINVAL : 0;
}

/* One word behind the kind. */
static int parse_word(const char *text, const char *word, struct inject_rule *rule,
		      struct error *err)
{
	if (!strncmp(word, "every=", 6)) {
		if (parse_count(word + 6, &rule->every) || !rule->every)
			return error_set(
				err, EINVAL,
				"--inject %s: %s is not a distance; give every=1 or "
				"more",
				text, word);
		return 0;
	}
	if (!strncmp(word, "seed=", 5)) {
		if (parse_seed(word + 5, &rule->seed))
			return error_set(
				err, EINVAL,
				"--inject %s: %s is not a number; give e.g. seed=1", text,
				word);
		return 0;
	}
	return error_set(err, EINVAL,
			 "--inject %s: %s is unknown; give every=N or seed=S", text,
			 word);
}

int inject_parse(const char *text, struct inject_config *out, struct error *err)
{
	char copy[128], kinds[NAMES_MAX], *rest = copy, *kind, *word;
	int ret = 0;

	*out = (struct inject_config){
		.text = text, .rule = { .every = INJECT_EVERY, .seed = INJECT_SEED }
	};
	list_kinds(kinds);
	snprintf(copy, sizeof(copy), "%s", text);
	kind = strsep(&rest, ",");
	word = strsep(&kind, ":");
	if (strlen(text) >= sizeof(copy) || !kind || !*word ||
	    strlen(word) >= sizeof(out->device))
		return error_set(err, EINVAL,
				 "--inject %s: not DEVICE:KIND; give e.g. disk0:flip",
				 text);
	snprintf(out->device, sizeof(out->device), "%s", word);
	if (!find_kind(kind, &out->rule.kind))
		return error_set(err, EINVAL, "--inject %s: unknown kind; give one of %s",
				 text, kinds);
	while (!ret && (word = strsep(&rest, ",")))
		ret = parse_word(text, word, &out->rule, err);
	return ret;
}

static struct pci_dev *find_device(const struct pci_host *pci, const char *name)
{
	for (unsigned int i = 1; i < PCI_MAX_DEVFN; i++)
		if (pci->dev[i] && !strcmp(pci->dev[i]->device.name, name))
			return pci->dev[i];
	return NULL;
}

static int no_such_device(const struct pci_host *pci, const char *text, struct error *err)
{
	char names[NAMES_MAX] = "";

	for (unsigned int i = 1; i < PCI_MAX_DEVFN; i++)
		if (pci->dev[i])
			list_name(names, pci->dev[i]->device.name);
	return error_set(err, ENODEV, "--inject %s: no such device; there are %s", text,
			 names);
}

static int apply(const struct pci_host *pci, const struct inject_config *rule,
		 struct error *err)
{
	struct pci_dev *dev = find_device(pci, rule->device);
	int ret = dev ? inject_add(dev, &rule->rule) : -ENODEV;

	switch (ret) {
	case 0:
		return 0;
	case -ENODEV:
		return no_such_device(pci, rule->text, err);
	case -EOPNOTSUPP:
		return error_set(
			err, EOPNOTSUPP,
			"--inject %s: this kind has no meaning for %s; give another",
			rule->text, rule->device);
	case -EEXIST:
		return error_set(
			err, EEXIST,
			"--inject %s: %s has a rule of this kind; give each kind once",
			rule->text, rule->device);
	default:
		return error_set(err, -ret, "--inject %s: %s", rule->text,
				 strerror(-ret));
	}
}

int inject_apply(const struct pci_host *pci, const struct inject_config *rules,
		 unsigned int nr, struct error *err)
{
	int ret = 0;

	for (unsigned int i = 0; i < nr && !ret; i++)
		ret = apply(pci, &rules[i], err);
	return ret;
}
