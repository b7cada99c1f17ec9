/** Numbers and times in the words people read. What is not known is said to be unknown. */

export const UNKNOWN = 'unknown';

/** MB as 512 MB, 1.5 GB. */
export function megabytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value < 1024) return `${short(value)} MB`;
  return value < 1024 * 1024 ? `${short(value / 1024)} GB` : `${short(value / 1024 / 1024)} TB`;
}

export function nanoseconds(value: number | null): string {
  if (value === null) return UNKNOWN;
  if (value < 1e3) return `${short(value)} ns`;
  if (value < 1e6) return `${short(value / 1e3)} µs`;
  return value < 1e9 ? `${short(value / 1e6)} ms` : `${short(value / 1e9)} s`;
}

/** Three digits that matter. */
export function short(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

export function count(value: number | null, one: string, many = `${one}s`): string {
  return value === null ? `${UNKNOWN} ${many}` : `${value.toLocaleString('en')} ${value === 1 ? one : many}`;
}

/** 12 s, 3 min, 5 h, 2 d. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** Local: 09:05:00. */
export function timeOfDay(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => pad(part)).join(':');
}

/** Local time to the millisecond, with the day when it is another one: fail-overs are shorter than a second. */
export function clock(iso: string, nowMs: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const time = `${timeOfDay(at.getTime())}.${pad(at.getMilliseconds(), 3)}`;
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  return at.toDateString() === new Date(nowMs).toDateString() ? time : `${day} ${time}`;
}

/** TASK_RUNNING as running. */
export const taskState = (state: string): string =>
  state
    .replace(/^TASK_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
