/* SPDX-License-Identifier: MIT */
/* A port: its life, its windows, and what a change of translation means to it. */
#include "devices/dma/dma_internal.h"

void dma_port_init(struct dma_port *port, const char *name, uint32_t endpoint,
		   struct host *host, const struct ram *ram)
{
	*port = (struct dma_port){
		.name = name, .endpoint = endpoint, .host = host, .ram = ram
	};
}

void dma_port_fini(struct dma_port *port)
{
	while (port->windows)
		dma_window_close(port->windows);
	dma_set_translator(port, NULL);
}

void dma_set_enabled(struct dma_port *port, bool enabled)
{
	if (port->enabled == enabled)
		return;
	port->enabled = enabled;
	dma_invalidate(port);
}

void dma_set_translator(struct dma_port *port, struct dma_translator *t)
{
	struct dma_translator *old = port->translator;

	port->translator = t;
	dma_invalidate(port);
	if (old && old->gone)
		old->gone(old, port);
}

void dma_invalidate_range(struct dma_port *port, uint64_t first, uint64_t last)
{
	struct dma_cache *c = &port->cache;

	for (unsigned int i = 0; i < DMA_CACHE_SIZE; i++)
		if (c->mapping[i].first <= last && c->mapping[i].last >= first)
			c->used[i] = 0;
	for (struct dma_window *w = port->windows; w; w = w->next)
		if (w->iova <= last && w->iova + (w->len - 1) >= first)
			w->fresh = false;
}

void dma_invalidate(struct dma_port *port)
{
	dma_invalidate_range(port, 0, UINT64_MAX);
}

/* --- windows ---------------------------------------------------------------------------- */

void dma_window_open(struct dma_window *w, struct dma_port *port, uint64_t iova,
		     uint64_t len, enum dma_dir dir)
{
	*w = (struct dma_window){ .port = port,
				  .next = port->windows,
				  .link = &port->windows,
				  .iova = iova,
				  .len = len,
				  .dir = dir };
	if (w->next)
		w->next->link = &w->next;
	port->windows = w;
}

void dma_window_close(struct dma_window *w)
{
	if (!w->port)
		return;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	*w = (struct dma_window){ 0 };
}

void dma_window_refresh(struct dma_window *w)
{
	struct dma_witness *witness = w->port->witness;

	w->host = dma_one_piece(w->port, w->iova, w->len, w->dir);
	w->fresh = true;
	if (w->host && witness && witness->window)
		witness->window(witness, w->port, w->iova, w->len, w->dir);
}
