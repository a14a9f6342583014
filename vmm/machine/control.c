/* SPDX-License-Identifier: MIT */
#include "vmm/machine/control.h"

void control_listen(struct control *c, struct control_listener *listener)
{
	listener->next = c->listeners;
	c->listeners = listener;
}

void control_unlisten(struct control *c, struct control_listener *listener)
{
	struct control_listener **link = &c->listeners;

	while (*link && *link != listener)
		link = &(*link)->next;
	if (*link)
		*link = listener->next;
}

void control_tell(struct control *c, const struct control_event *event)
{
	struct control_listener *l, *next;

	for (l = c->listeners; l; l = next) {
		next = l->next; /* it may leave */
		l->event(l, event);
	}
}
