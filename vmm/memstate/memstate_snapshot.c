/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate.h"

#define TRIES 4

static int take(struct memstate_view *view, struct memstate_snapshot *s)
{
	int ret = memstate_read_zones(view, &s->zones);

	if (!ret)
		ret = memstate_read_caches(view, &s->caches);
	if (!ret)
		ret = memstate_read_areas(view, &s->areas);
	if (!ret)
		ret = memstate_read_boot(view, &s->boot);
	if (!ret)
		ret = memstate_read_dma(view, &s->dma);
	s->frames.with_order = true;
	if (!ret)
		ret = memstate_read_frames(view, &s->areas, &s->frames);
	return ret;
}

int memstate_snapshot_take(struct memstate_view *view, struct memstate_snapshot *snapshot)
{
	int ret = -EBADMSG;

	for (unsigned int i = 0; i < TRIES && ret == -EBADMSG; i++) {
		*snapshot = (struct memstate_snapshot){ 0 };
		ret = take(view, snapshot);
		if (ret)
			memstate_snapshot_free(snapshot);
	}
	return ret;
}

void memstate_snapshot_free(struct memstate_snapshot *snapshot)
{
	free(snapshot->caches.cache);
	free(snapshot->areas.area);
	boot_memory_free(&snapshot->boot);
	free(snapshot->frames.kind);
	memset(snapshot, 0, sizeof(*snapshot));
}
