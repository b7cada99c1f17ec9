import type { SnapshotSource } from '../../executor/assignment.js';
import { type Reader, refuseUnknown, requirePresent } from './reader.js';

const LOG_BYTES_DEFAULT = 256 * 2 ** 20;
/** A journal is given back in files of this size, so a smaller log frees nothing. */
const LOG_BYTES_MIN = 16 * 2 ** 20;
const WORDS = { lengthMin: 1, lengthMax: 1024 };
const FILE = {
  pattern: /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/,
  patternMeaning:
    'the name of a file in the program\'s working directory: letters, digits, ".", "_" and "-", such as dump.rdb',
};
const FIELDS: Record<SnapshotSource['provider'], string> = {
  replay: 'provider',
  hook: 'provider, send, expect, file and logBytes',
  criu: 'provider',
};

/** The block `snapshot` of `replication`. */
export function readSnapshot(reader: Reader): SnapshotSource {
  const inner = reader.object('snapshot');
  if (inner === undefined) return { provider: 'replay' };
  const provider = inner.choice('provider', ['replay', 'hook', 'criu'] as const);
  requirePresent(inner, 'provider', 'one of replay, hook, criu');
  if (provider === undefined) return { provider: 'replay' };
  const snapshot: SnapshotSource = provider === 'hook' ? readHook(inner) : { provider };
  refuseUnknown(inner, `replication.snapshot with provider ${provider}`, FIELDS[provider]);
  return snapshot;
}

function readHook(inner: Reader): SnapshotSource {
  requirePresent(inner, 'send', 'what makes the program write its file, such as "SAVE\\r\\n"');
  requirePresent(inner, 'expect', 'how the reply to send begins, such as "+OK"');
  requirePresent(inner, 'file', 'the file that the program writes and reads when it starts, such as dump.rdb');
  return {
    provider: 'hook',
    send: inner.string('send', WORDS) ?? '',
    expect: inner.string('expect', WORDS) ?? '',
    file: inner.string('file', FILE) ?? '',
    logBytes: inner.integer('logBytes', { min: LOG_BYTES_MIN }) ?? LOG_BYTES_DEFAULT,
  };
}
