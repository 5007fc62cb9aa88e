/** The environment variable with options of all nodes as JSON. Every process that a benchmark starts inherits it. */
export const NODES_VARIABLE = 'PG_REGISTRY_BENCH_NODES';
