/** Reads what the framework sends: assignments (`TaskInfo.data`) and orders (MESSAGE data). Both are base64 of JSON. */
import { parseShallowJson } from '../framework/mesos-http-client/index.js';
import type { Assignment, ExecutorOrder, MemberAddress, ReplicaAssignment, SnapshotSource } from './assignment.js';
import { decodeCheck, decodeHealth } from './decode-check.js';
import { type Fields, fileName, flag, integer, line, list, map, object, oneOf, secretHex, text } from './fields.js';
import { decodeVm } from './vm/decode.js';

const portMax = 65535;
const slotMax = 8;
/** Members share a ballot word with term and slot (consensus/native/runtime/runtime.h), which leaves them 20 bits. */
export const memberMax = 2 ** 20 - 1;
const argumentsMax = 1024;
const graceMsMax = 24 * 3600 * 1000;

function decodeJson(data: string, what: string): Fields {
  let value: unknown;
  try {
    value = parseShallowJson(Buffer.from(data, 'base64').toString('utf8'));
  } catch {
    throw new Error(`${what} is not base64 of JSON; does the framework have the same version as this executor?`);
  }
  return object(value, what);
}

/** Throws an error that names the field, its value and what it must be. */
export function decodeAssignment(data: string): Assignment {
  const fields = decodeJson(data, "the task's data (TaskInfo.data)");
  const assignment = readAssignment(fields);
  const { command, replica } = assignment;
  if ('vm' in command && (command.vm.group === null) !== (replica === null))
    throw new Error('command.vm.group and replica belong together: a guest has both, or neither');
  return assignment;
}

/** The assignment of this task, which `data` (`TaskInfo.data`) must be. Throws as `decodeAssignment` does. */
export function assignmentOf(taskId: string, data: string | null): Assignment {
  if (data === null) throw new Error('the task has no data (TaskInfo.data); is it meant for this executor?');
  const assignment = decodeAssignment(data);
  if (assignment.taskId === taskId) return assignment;
  throw new Error(`taskId is "${assignment.taskId}"; it must be the task's id, "${taskId}"`);
}

function readAssignment(fields: Fields): Assignment {
  return {
    appId: line(fields.appId, 'appId'),
    appVersion: text(fields.appVersion, 'appVersion'),
    taskId: line(fields.taskId, 'taskId'),
    // A framework of an earlier version names none.
    deploymentId: fields.deploymentId == null ? null : line(fields.deploymentId, 'deploymentId'),
    command: decodeCommand(object(fields.command, 'command')),
    env: decodeEnv(fields.env),
    user: fields.user === null ? null : line(fields.user, 'user'),
    ports: list(fields.ports, 'ports', 1000, (port, name) => integer(port, name, 1, portMax)),
    killGraceMs: integer(fields.killGraceMs, 'killGraceMs', 0, graceMsMax),
    replica: fields.replica === null ? null : decodeReplica(object(fields.replica, 'replica')),
    health: fields.health === null ? null : decodeHealth(object(fields.health, 'health'), 'health'),
    check: fields.check === null ? null : decodeCheck(object(fields.check, 'check'), 'check'),
  };
}

function decodeCommand(fields: Fields): Assignment['command'] {
  if (fields.vm !== undefined) return { vm: decodeVm(object(fields.vm, 'command.vm')) };
  if (fields.shell !== undefined) return { shell: withoutNul(fields.shell, 'command.shell') };
  const argv = list(fields.argv, 'command.argv', argumentsMax, withoutNul);
  if (!argv[0]) throw new Error('command.argv is empty; its first item must name the program');
  return { argv };
}

function decodeEnv(value: unknown): Record<string, string> {
  const env = map(value, 'env', withoutNul);
  const wrong = Object.keys(env).find((name) => name === '' || /[=\0]/.test(name));
  if (wrong !== undefined)
    throw new Error(`env has the name ${JSON.stringify(wrong)}; names must not be empty or contain "="`);
  return env;
}

/** The kernel ends arguments and environment values at the first NUL. */
function withoutNul(value: unknown, name: string): string {
  const checked = text(value, name);
  if (checked.includes('\0')) throw new Error(`${name} contains a NUL character; remove it`);
  return checked;
}

/** Absolute, or a folder of the sandbox. */
function dataPath(value: unknown, name: string): string {
  const path = line(value, name);
  return path.startsWith('/') ? path : fileName(path, name);
}

/** A path like an app's: it becomes the name of a folder, in which slashes are something else (data-directory.ts). */
function groupName(value: unknown, name: string): string {
  const group = line(value, name);
  if (group.startsWith('/')) return group;
  throw new Error(
    `${name} is ${JSON.stringify(group)}; it must be the id of an app, which begins with "/", and a generation`,
  );
}

function hostName(value: unknown, name: string): string {
  const host = line(value, name);
  if (!/[,\s]/.test(host)) return host;
  throw new Error(`${name} is ${JSON.stringify(host)}; it must be a host name or an address`);
}

function decodeReplica(fields: Fields): ReplicaAssignment {
  const durability = oneOf(fields.durability, 'replica.durability', ['memory', 'disk']);
  return {
    group: groupName(fields.group, 'replica.group'),
    secretHex: secretHex(fields.secretHex, 'replica.secretHex'),
    seedHex: secretHex(fields.seedHex, 'replica.seedHex'),
    epochMs: integer(fields.epochMs, 'replica.epochMs'),
    join: flag(fields.join, 'replica.join'),
    self: decodeMember(fields.self, 'replica.self'),
    peers: list(fields.peers, 'replica.peers', 64, decodeMember),
    transport: oneOf(fields.transport, 'replica.transport', ['auto', 'shm', 'verbs', 'tcp']),
    // A framework of an earlier version knows of none.
    gateway: fields.gateway == null ? null : decodeGateway(object(fields.gateway, 'replica.gateway')),
    suspicionMs: integer(fields.suspicionMs, 'replica.suspicionMs', 1),
    durability,
    dataDirectory: durability === 'disk' ? dataPath(fields.dataDirectory, 'replica.dataDirectory') : null,
    snapshot: decodeSnapshot(object(fields.snapshot, 'replica.snapshot')),
    returns: flag(fields.returns, 'replica.returns'),
  };
}

function decodeGateway(fields: Fields): ReplicaAssignment['gateway'] {
  return { compareOutput: flag(fields.compareOutput, 'replica.gateway.compareOutput') };
}

function decodeSnapshot(fields: Fields): SnapshotSource {
  const provider = oneOf(fields.provider, 'replica.snapshot.provider', ['replay', 'hook', 'criu']);
  if (provider !== 'hook') return { provider };
  return {
    provider,
    send: text(fields.send, 'replica.snapshot.send'),
    expect: text(fields.expect, 'replica.snapshot.expect'),
    file: fileName(fields.file, 'replica.snapshot.file'),
    logBytes: integer(fields.logBytes, 'replica.snapshot.logBytes', 1),
  };
}

export function decodeMember(value: unknown, name: string): MemberAddress {
  const fields = object(value, name);
  return {
    slot: integer(fields.slot, `${name}.slot`, 0, slotMax),
    member: integer(fields.member, `${name}.member`, 0, memberMax),
    host: hostName(fields.host, `${name}.host`),
    consensusPort: integer(fields.consensusPort, `${name}.consensusPort`, 0, portMax),
    servicePort: integer(fields.servicePort, `${name}.servicePort`, 0, portMax),
  };
}

function decodeOffer(fields: Fields): ExecutorOrder {
  return {
    type: 'offerBackup',
    member: integer(fields.member, 'member', 1, memberMax),
    host: hostName(fields.host, 'host'),
    port: integer(fields.port, 'port', 1, portMax),
  };
}

/** Throws like decodeAssignment. */
export function decodeOrder(data: string): ExecutorOrder {
  const fields = decodeJson(data, 'the order');
  const guestOrders = ['offerBackup', 'syncGuest', 'failOver'] as const;
  const type = oneOf(fields.type, 'type', ['removeMember', 'transferLeadership', ...guestOrders]);
  if (type === 'offerBackup') return decodeOffer(fields);
  if (type === 'syncGuest') return { type, request: integer(fields.request, 'request', 1) };
  if (type === 'failOver') return { type, toMember: integer(fields.toMember, 'toMember', 1, memberMax) };
  if (type === 'transferLeadership') return { type, toMember: integer(fields.toMember, 'toMember', 0, memberMax) };
  return {
    type,
    slot: integer(fields.slot, 'slot', 0, slotMax),
    member: integer(fields.member, 'member', 0, memberMax),
  };
}
