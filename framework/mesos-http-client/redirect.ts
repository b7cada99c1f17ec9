/**
 * Where a 307 points to. Mesos sends `//host:port/path` without a scheme.
 * @returns null if that is not HTTP, or is HTTP where there was HTTPS, or carries credentials
 */
export function redirectTarget(location: string, from: string): string | null {
  if (!URL.canParse(location, from)) return null;
  const target = new URL(location, from);
  const allowed = from.startsWith('https:') ? ['https:'] : ['http:', 'https:'];
  return allowed.includes(target.protocol) && !target.username ? target.href : null;
}
