# SPDX-License-Identifier: MIT
"""Commands of gdb for the guest's memory: pages, slabs, vmalloc areas.

    (gdb) source guest/gdb.py

The guest is one that stands (pagevisor run --gdb), or a core of one.  gdb must have read
build/guest/guest.debug, where the types are.  Lists are the guest's and may be broken: each
is followed only so far, and what does not fit is said.
"""
import gdb

LIST_MAX = 100000


def symbol(name):
    found = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
    if not found:
        raise gdb.GdbError(f"no symbol {name}: load build/guest/guest.debug")
    return found.value()


def enumerators(type_name):
    """Values of an enum, without what only counts them."""
    fields = gdb.lookup_type(type_name).fields()
    return {int(f.enumval): f.name for f in reversed(fields)}


def list_heads(head):
    """The members of a struct list_head, as pointers; says where the list is broken."""
    end = int(head.address)
    at, before = head["next"], end
    for _ in range(LIST_MAX):
        if int(at) == end:
            return
        if int(at) == 0 or int(at["prev"]) != before:
            gdb.write(f"  ! list at {end:#x} is broken at {int(at):#x}\n")
            return
        yield at
        before, at = int(at), at["next"]
    gdb.write(f"  ! list at {end:#x} is longer than {LIST_MAX}\n")


def container(pointer, type_name, member):
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return gdb.Value(int(pointer) - offset).cast(kind.pointer())


def name_at(address):
    block = gdb.block_for_pc(int(address))
    while block and not block.function:
        block = block.superblock
    return str(block.function) if block else f"{int(address):#x}"


class Pages(gdb.Command):
    """pv-pages: the zones, and their free blocks by order and mobility."""

    def __init__(self):
        super().__init__("pv-pages", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        zones = symbol("zones")
        zone_names = enumerators("enum zone_type")
        types = enumerators("enum migratetype")
        for i in range(zones.type.range()[1] + 1):
            zone = zones[i]
            if int(zone["present"]) == 0:
                continue
            gdb.write(
                f"{zone_names.get(i, i)}: frames {int(zone['start_pfn']):#x} to "
                f"{int(zone['end_pfn']):#x}, present {int(zone['present'])}, managed "
                f"{int(zone['managed'])}, free {int(zone['free'])}, fresh blocks "
                f"{int(zone['fresh_blocks'])}\n"
            )
            self.areas(zone["area"], types)

    def areas(self, areas, types):
        for order in range(areas.type.range()[1] + 1):
            area = areas[order]
            lists = area["list"]
            counts = [
                sum(1 for _ in list_heads(lists[t]))
                for t in range(lists.type.range()[1] + 1)
            ]
            if sum(counts) == 0 and int(area["nr"]) == 0:
                continue
            kinds = ", ".join(
                f"{types.get(t, t)} {n}" for t, n in enumerate(counts) if n
            )
            wrong = "" if sum(counts) == int(area["nr"]) else " ! counted otherwise"
            gdb.write(f"  order {order:2}: {int(area['nr']):6}  {kinds}{wrong}\n")


class Slabs(gdb.Command):
    """pv-slabs [NAME]: the slab caches, objects in use and slabs by how full they are."""

    def __init__(self):
        super().__init__("pv-slabs", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        gdb.write(
            f"{'cache':24} {'size':>6} {'order':>5} {'inuse':>7} {'objects':>7} "
            f"{'partial':>7} {'full':>6} {'free':>6}\n"
        )
        for at in list_heads(symbol("slab_caches")):
            cache = container(at, "struct kmem_cache", "caches")
            name = cache["name"].string()
            if argument and argument != name:
                continue
            self.cache(name, cache)

    def cache(self, name, cache):
        lists = cache["lists"]
        gdb.write(
            f"{name:24} {int(cache['object_size']):6} {int(cache['order']):5} "
            f"{int(lists['inuse']):7} {int(lists['objects']):7} "
            f"{int(lists['nr_partial']):7} {int(lists['nr_full']):6} "
            f"{int(lists['nr_free']):6}\n"
        )
        for kind in ("partial", "full", "free"):
            counted = sum(1 for _ in list_heads(lists[kind]))
            if counted != int(lists["nr_" + kind]):
                gdb.write(f"  ! {counted} slabs are on the list {kind}\n")


class Areas(gdb.Command):
    """pv-vmalloc: the areas of the vmalloc range, and who made each."""

    def __init__(self):
        super().__init__("pv-vmalloc", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        tree = symbol("vmap_space")["tree"]
        states = enumerators("enum vm_area_state")
        at, end = tree["head"]["next"], int(tree["tail"].address)
        for _ in range(LIST_MAX):
            if int(at) in (0, end):
                break
            area = container(at, "struct vm_area", "range")
            gdb.write(
                f"{int(at['start']):#x}-{int(at['end']):#x} "
                f"{int(area['nr_pages']):6} pages  {states.get(int(area['state']), '?')}"
                f"  {name_at(area['caller'])}\n"
            )
            at = at["next"]
        gdb.write(f"{int(tree['count'])} areas\n")


Pages()
Slabs()
Areas()
