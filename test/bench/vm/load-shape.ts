export type Service = 'redis' | 'memcached';
export type Link = 'limited' | 'unlimited';

/** What the clients do. So many answers are waited for at a time that a checkpoint of whole pages is not held up by them alone. */
export const load = { connections: 16, pipeline: 64, keys: 20_000, valueBytes: 64 } as const;
