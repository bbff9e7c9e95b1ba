#!/usr/bin/env python3
"""Trees of made-up machines as the kernel shows them, and a comparison of what two readers say of a machine.

usage: topology.py make FOLDER              a folder for each machine below it
       topology.py compare A.json B.json...  pairs of what `topology --json` prints; says where they differ
"""

import json
import os
import sys


def ranges(numbers):
    """The kernel's list format."""
    parts, numbers = [], sorted(numbers)
    while numbers:
        first = last = numbers.pop(0)
        while numbers and numbers[0] == last + 1:
            last = numbers.pop(0)
        parts.append(f"{first}-{last}" if last > first else f"{first}")
    return ",".join(parts)


def mask(numbers, width):
    """The kernel's mask format: words of 32 bits, the highest first, of all CPUs that there could be."""
    value = sum(1 << n for n in numbers)
    return ",".join(f"{value >> 32 * word & 0xFFFFFFFF:08x}" for word in reversed(range((width + 31) // 32)))


class Tree:
    """A machine: each method adds a part of it."""

    def __init__(self, folder, cpus, online=None, width=None, lists=True):
        self.folder = folder
        self.cpus = list(cpus)
        self.online = self.cpus if online is None else list(online)
        self.width = width or max(self.cpus) + 1
        self.lists = lists
        self.write("cpu/possible", ranges(range(self.width)))
        self.write("cpu/present", ranges(self.cpus))
        self.write("cpu/online", ranges(self.online))
        self.root("proc/cpuinfo", "")
        self.root("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:        1 kB")

    def root(self, path, text):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text + "\n")

    def write(self, path, text):
        self.root("sys/devices/system/" + path, str(text))

    def set(self, path, name, numbers, name_of_list):
        self.write(f"{path}/{name}", mask(numbers, self.width))
        if self.lists:
            self.write(f"{path}/{name_of_list}", ranges(numbers))

    def together(self, name, sets, number=None, numbers=None):
        """Cores, packages, dies or clusters: sets of CPUs, each with its number."""
        for at, cpus in enumerate(sets):
            for cpu in set(cpus) & set(self.online):
                folder = f"cpu/cpu{cpu}/topology"
                self.set(folder, name, set(cpus) & set(self.online), name + "_list")
                if number:
                    self.write(f"{folder}/{number}", numbers[at] if numbers else at)

    def cores(self, sets, numbers=None):
        self.together("core_cpus", sets, "core_id", numbers)
        self.together("thread_siblings", sets)

    def packages(self, sets, numbers=None):
        self.together("package_cpus", sets, "physical_package_id", numbers)
        self.together("core_siblings", sets)

    def caches(self, index, level, kind, kib, sets):
        for cpus in sets:
            for cpu in set(cpus) & set(self.online):
                folder = f"cpu/cpu{cpu}/cache/index{index}"
                self.write(f"{folder}/level", level)
                self.write(f"{folder}/type", kind)
                self.write(f"{folder}/size", f"{kib}K")
                self.write(f"{folder}/coherency_line_size", 64)
                self.set(folder, "shared_cpu_map", set(cpus) & set(self.online), "shared_cpu_list")

    def ordinary_caches(self, cores, l2, l3):
        self.caches(0, 1, "Data", 48, cores)
        self.caches(1, 1, "Instruction", 32, cores)
        self.caches(2, 2, "Unified", 2048, l2)
        self.caches(3, 3, "Unified", 32768, l3)

    def nodes(self, nodes, distances=None):
        """Memory regions: number to (CPUs, MiB)."""
        self.write("node/online", ranges(nodes))
        self.write("node/possible", ranges(nodes))
        for at, (node, (cpus, mib)) in enumerate(nodes.items()):
            folder = f"node/node{node}"
            self.set(folder, "cpumap", cpus, "cpulist")
            self.write(f"{folder}/meminfo", f"Node {node} MemTotal:       {mib * 1024} kB\nNode {node} MemFree: 0 kB")
            if distances:
                self.write(f"{folder}/distance", " ".join(str(d) for d in distances[at]))

    def initiators(self, node, of, read_bandwidth, write_bandwidth, read_latency, write_latency):
        """What the firmware's HMAT says of a region, from other regions' CPUs."""
        for access in ["access0", "access1"]:
            folder = f"node/node{node}/{access}/initiators"
            self.write(f"{folder}/read_bandwidth", read_bandwidth)
            self.write(f"{folder}/write_bandwidth", write_bandwidth)
            self.write(f"{folder}/read_latency", read_latency)
            self.write(f"{folder}/write_latency", write_latency)
            for other in of:
                path = os.path.join(self.folder, "sys/devices/system", folder, f"node{other}")
                os.makedirs(path, exist_ok=True)

    def side_cache(self, node, size):
        folder = f"node/node{node}/memory_side_cache/index1"
        self.write(f"{folder}/size", size)
        self.write(f"{folder}/line_size", 64)
        self.write(f"{folder}/indexing", 0)


def split(numbers, parts):
    numbers = list(numbers)
    size = len(numbers) // parts
    return [numbers[at * size : (at + 1) * size] for at in range(parts)]


def matrix(count, distance):
    return [[distance(a, b) for b in range(count)] for a in range(count)]


def regular(folder, packages, cores, threads=1, regions=1, **more):
    """Packages of cores with regions in each; second threads are numbered after all first ones."""
    total = packages * cores
    tree = Tree(folder, range(total * threads), **more)
    with_threads = lambda firsts: [core + thread * total for thread in range(threads) for core in firsts]
    own = [with_threads([core]) for core in range(total)]
    sockets = [with_threads(part) for part in split(range(total), packages)]
    tree.cores(own, [core % cores for core in range(total)])
    tree.packages(sockets)
    tree.ordinary_caches(own, own, sockets)
    return tree, [with_threads(part) for part in split(range(total), packages * regions)]


def machines(folder):
    at = lambda name: os.path.join(folder, name)

    tree, regions = regular(at("two-packages"), 2, 4, threads=2)
    tree.nodes(dict(enumerate((cpus, 1024) for cpus in regions)), [[10, 21], [21, 10]])

    # As old kernels show it.
    tree, regions = regular(at("masks-only"), 2, 2, threads=2, lists=False)
    tree.nodes(dict(enumerate((cpus, 1024) for cpus in regions)), [[10, 20], [20, 10]])

    tree, regions = regular(at("sub-numa-clusters"), 2, 8, threads=2, regions=2)
    near = lambda a, b: 10 if a == b else 12 if a // 2 == b // 2 else 21
    tree.nodes(dict(enumerate((cpus, 4096) for cpus in regions)), matrix(4, near))

    tree, regions = regular(at("sixty-four-nodes"), 8, 16, regions=8)
    near = lambda a, b: 10 if a == b else 12 if a // 8 == b // 8 else 32
    tree.nodes(dict(enumerate((cpus, 512 + at) for at, cpus in enumerate(regions))), matrix(64, near))

    tree, regions = regular(at("holes-in-node-numbers"), 3, 2)
    tree.nodes(dict(zip([0, 8, 73], ((cpus, 2048) for cpus in regions))), [[10, 20, 40], [20, 10, 40], [41, 42, 10]])

    tree, regions = regular(at("node-without-memory"), 2, 2)
    tree.nodes({0: (regions[0], 0), 1: (regions[1], 8192)}, [[10, 20], [20, 10]])

    tree, regions = regular(at("no-distances"), 2, 2)
    tree.nodes({0: (regions[0], 1024), 1: (regions[1], 2048)})

    tree, regions = regular(at("no-nodes"), 1, 4, threads=2)

    # A package's memory behind a link, and what the firmware says of both.
    tree, regions = regular(at("memory-behind-a-link"), 2, 4)
    far = [[10, 21, 14, 24], [21, 10, 24, 14], [14, 24, 10, 26], [24, 14, 26, 10]]
    tree.nodes({0: (regions[0], 8192), 1: (regions[1], 8192), 2: ([], 65536), 3: ([], 65536)}, far)
    for node in range(4):
        bandwidth, latency = (200000, 80) if node < 2 else (30000, 250)
        tree.initiators(node, [node % 2], bandwidth, bandwidth - 7, latency, latency + 9)

    # Fast memory beside plain memory in each quarter, with and without HMAT, on two generations of processors.
    tree, regions = regular(at("hbm-with-hmat"), 1, 8, threads=2, regions=4)
    kind = lambda node: node // 4
    near = lambda a, b: 10 if a == b else (12, 13, 14)[kind(a) + kind(b)] + (0 if a % 4 == b % 4 else 4)
    both = {node: (regions[node] if node < 4 else [], 16384 >> kind(node)) for node in range(8)}
    tree.nodes(both, matrix(8, near))
    for node in range(8):
        bandwidth = 60000 if node < 4 else 220000
        tree.initiators(node, [node % 4], bandwidth, bandwidth, 100 + node // 4 * 20, 100 + node // 4 * 20)
    tree, regions = regular(at("hbm-by-distances"), 1, 8, regions=4)
    near = lambda a, b: 10 if a == b else (21, 31, 41)[kind(a) + kind(b)] + (0 if a % 4 == b % 4 else 5)
    both = {node: (regions[node] if node < 4 else [], 16384 >> kind(node)) for node in range(8)}
    tree.nodes(both, matrix(8, near))

    tree, regions = regular(at("memory-side-caches"), 2, 4)
    tree.nodes({0: (regions[0], 262144), 1: (regions[1], 262144)}, [[10, 21], [21, 10]])
    tree.side_cache(0, 96 << 30)
    tree.side_cache(1, 96 << 30)

    tree, regions = regular(at("dies"), 2, 8, threads=2)
    dies = [[cpu for cpu in range(32) if cpu % 16 // 4 == die] for die in range(4)]
    tree.together("die_cpus", dies, "die_id", [0, 1, 0, 1])
    tree.nodes(dict(enumerate((cpus, 1024) for cpus in regions)), [[10, 32], [32, 10]])

    # Clusters of cores that share no cache of their own.
    tree, regions = regular(at("clusters"), 2, 8)
    tree.together("cluster_cpus", split(range(16), 4), "cluster_id")
    tree.nodes(dict(enumerate((cpus, 1024) for cpus in regions)), [[10, 20], [20, 10]])

    # Two strong cores with two threads each, and four weak ones that share a cache.
    tree = Tree(at("hybrid"), range(8))
    strong, weak = [[0, 1], [2, 3]], [[cpu] for cpu in range(4, 8)]
    tree.cores(strong + weak, [0, 4, 8, 9, 10, 11])
    tree.packages([range(8)])
    tree.ordinary_caches(strong + weak, strong + [range(4, 8)], [range(8)])
    tree.nodes({0: (range(8), 16384)}, [[10]])
    tree.root("sys/devices/cpu_core/cpus", "0-3")
    tree.root("sys/devices/cpu_atom/cpus", "4-7")

    tree, regions = regular(at("capacities"), 1, 6)
    tree.nodes({0: (range(6), 4096)}, [[10]])
    for cpu in range(6):
        tree.write(f"cpu/cpu{cpu}/cpu_capacity", 446 if cpu < 4 else 1024)

    tree, regions = regular(at("offline"), 2, 4, threads=2, online=[0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11])
    tree.nodes(dict(enumerate((set(cpus) & set(tree.online), 1024) for cpus in regions)), [[10, 21], [21, 10]])

    cpus = [0, 1, 1500, 1501]
    tree = Tree(at("many-cpus"), cpus, width=2048)
    tree.cores([[0, 1500], [1, 1501]])
    tree.packages([cpus])
    tree.ordinary_caches([[0, 1500], [1, 1501]], [[0, 1500], [1, 1501]], [cpus])
    tree.nodes({0: (cpus, 1024)}, [[10]])

    # Cores that share a floating-point unit, as old kernels show them, on a processor of that kind.
    tree, regions = regular(at("modules"), 1, 8, regions=2)
    tree.together("core_cpus", split(range(8), 4))
    tree.together("thread_siblings", split(range(8), 4))
    processor = "processor\t: {}\nvendor_id\t: AuthenticAMD\ncpu family\t: 21\nmodel\t\t: 1\n"
    tree.root("proc/cpuinfo", "\n".join(processor.format(cpu) for cpu in range(8)))
    tree.root("proc/hwloc-nofile-info", "OSName: Linux\nArchitecture: x86_64")
    tree.nodes(dict(enumerate((cpus, 1024) for cpus in regions)), [[10, 16], [16, 10]])

    # Packages that have no number, only members.
    tree, regions = regular(at("packages-without-numbers"), 4, 2)
    tree.packages(split(range(8), 4), [-1] * 4)
    tree.nodes({0: (range(8), 1024)}, [[10]])

    # A virtual machine whose last-level cache is not shown.
    tree = Tree(at("private-caches"), range(4))
    own = [[cpu] for cpu in range(4)]
    tree.cores(own)
    tree.packages([range(4)])
    tree.caches(0, 1, "Data", 32, own)
    tree.caches(1, 2, "Unified", 512, own)
    tree.nodes({0: (range(4), 1024)}, [[10]])

    tree, regions = regular(at("memory-of-a-gpu"), 2, 4)
    nodes = {0: (regions[0], 1024), 8: (regions[1], 1024), 255: ([], 16384)}
    tree.nodes(nodes, [[10, 40, 80], [40, 10, 80], [80, 80, 10]])
    tree.root("proc/driver/nvidia/gpus/0000:01:00.0/numa_status", "Node:  255\nStatus: online")

    tree, regions = regular(at("overlapping-nodes"), 2, 4)
    tree.nodes({0: (range(8), 1024), 1: (regions[1], 1024)}, [[10, 21], [21, 10]])


KEYS = ["counts", "packages", "regions", "caches", "all_caches", "core_kinds", "cores"]


def compare(left, right):
    a, b = (json.load(open(path)) for path in (left, right))
    for machine in (a, b):
        for region in machine["regions"]:
            # The kernel does not say what memory is made of; hwloc guesses.
            del region["kind"]
    if "IntelAtom" in [kind["name"] for kind in a["core_kinds"]] and len(b["core_kinds"]) == 1:
        # hwloc 2.9 asks the processor itself for these kinds, so a tree does not tell it.
        b["core_kinds"] = a["core_kinds"]
        for core, other in zip(a["cores"], b["cores"]):
            other["kind"] = core["kind"]
    differences = []
    for key in KEYS:
        x, y = a[key], b[key]
        if x == y:
            continue
        if isinstance(x, list) and len(x) == len(y):
            for at, (one, other) in enumerate(zip(x, y)):
                for field in one:
                    if one[field] != other[field]:
                        differences.append(f"{key}[{at}].{field}: {one[field]} and {other[field]}")
        else:
            differences.append(f"{key}: {x} and {y}")
    if differences:
        print(f"{os.path.basename(left)} and {os.path.basename(right)} differ:")
    for difference in differences[:12]:
        print(f"  {difference[:400]}")
    return not differences


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"] and len(sys.argv) == 3:
        machines(sys.argv[2])
    elif sys.argv[1:2] == ["compare"] and len(sys.argv) > 2 and len(sys.argv) % 2 == 0:
        agree = [compare(left, right) for left, right in zip(sys.argv[2::2], sys.argv[3::2])]
        sys.exit(not all(agree))
    else:
        sys.exit(__doc__)
