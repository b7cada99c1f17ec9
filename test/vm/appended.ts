/** What redis-server in a guest has kept on the guest's disk. */
import { execFileSync } from 'node:child_process';

const appendFile = '/appendonlydir/appendonly.aof.1.incr.aof';

/** Increments in its append file, by key. Throws when the file system on the disk is not whole. */
export function countIncrements(disk: string): Map<string, number> {
  execFileSync('/usr/sbin/e2fsck', ['-fn', disk], { stdio: 'pipe' });
  const appended = execFileSync('/usr/sbin/debugfs', ['-R', `cat ${appendFile}`, disk], { stdio: 'pipe' });
  const counted = new Map<string, number>();
  for (const [, key] of appended.toString('latin1').matchAll(/INCR\r\n\$\d+\r\n([^\r]+)\r\n/gi))
    counted.set(key as string, (counted.get(key as string) ?? 0) + 1);
  return counted;
}
