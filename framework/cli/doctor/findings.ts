/** What facts mean, and what to do. Pure. */
import type { HostFacts } from '../../host-facts/facts.js';
import type { AgentView } from '../../service.js';
import type { ClockOffset } from './clock.js';

export interface Finding {
  check: string;
  /** note: something that GAIA can do does not go here, or not as well. */
  level: 'ok' | 'note' | 'problem';
  sentence: string;
  /** Null: nothing. */
  remedy: string | null;
}

/** What Mesos agents offer when nothing else is said. */
export const agentPorts = { begin: 31_000, end: 32_000 };
/** The first segment of a replica's journal, and as much again for what its program writes. */
export const diskBytesMin = 256 * 2 ** 20;
/** The largest replica: 18 rings of 16 MiB with durability `disk`, one pinned once more for each of eight peers, and send buffers. */
export const memlockBytesMin = 448 * 2 ** 20;
export const clockOffsetMsMax = 2000;
/** A report takes no longer from an agent to the framework, as a rule. */
const reportDelayMs = 1000;

const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;

/** `clock` null: it was not compared. */
export function findingsOf(facts: HostFacts, clock: ClockOffset | null): Finding[] {
  const found = [rdma(facts), memlock(facts), ports(facts), kvm(facts), kernel(facts), programs(facts), disk(facts)];
  return clock === null ? found : [...found, clockFinding(clock)];
}

/** Of an agent's machine, as an executor there has told it; null: none has. */
export function findingsAt({ host }: AgentView): Finding[] | null {
  return host && findingsOf(host.facts, { offsetMs: host.clockOffsetMs, errorMs: reportDelayMs });
}

const ok = (check: string, sentence: string): Finding => ({ check, level: 'ok', sentence, remedy: null });

function rdma({ rdmaDevices, rdmaLibrariesMissing }: HostFacts): Finding {
  const devices = rdmaDevices.join(', ');
  if (rdmaDevices.length === 0)
    return {
      ...{ check: 'rdma', level: 'note', sentence: 'there is no RDMA device: replicas talk over TCP' },
      remedy: 'for RDMA load the driver of the adapter; for Soft-RoCE: rdma link add rxe0 type rxe netdev DEVICE',
    };
  if (rdmaLibrariesMissing.length === 0) return ok('rdma', `${devices}, with rdma-core`);
  return {
    ...{ check: 'rdma', level: 'problem' },
    sentence: `${devices} cannot be used: ${rdmaLibrariesMissing.join(' and ')} missing`,
    remedy: 'apt-get install libibverbs1 librdmacm1 ibverbs-providers',
  };
}

function memlock({ memlockBytesMax, rdmaDevices }: HostFacts): Finding {
  if (memlockBytesMax === null) return ok('memlock', 'memory may be locked without limit');
  const sentence = `${mib(memlockBytesMax)} of memory may be locked`;
  if (memlockBytesMax >= memlockBytesMin || rdmaDevices.length === 0) return ok('memlock', sentence);
  return {
    ...{
      check: 'memlock',
      level: 'problem',
      sentence: `${sentence}, a replica over RDMA needs up to ${mib(memlockBytesMin)}`,
    },
    remedy: 'set LimitMEMLOCK=infinity in the service of the Mesos agent',
  };
}

function ports({ localPorts: { begin, end } }: HostFacts): Finding {
  if (end < agentPorts.begin || begin > agentPorts.end)
    return ok(
      'ports',
      `clients' ports ${begin} to ${end} are apart from Mesos' ${agentPorts.begin} to ${agentPorts.end}`,
    );
  return {
    ...{ check: 'ports', level: 'problem' },
    sentence: `clients' ports ${begin} to ${end} overlap with those that Mesos offers, ${agentPorts.begin} to ${agentPorts.end}: a task may find its port taken`,
    remedy: `sysctl net.ipv4.ip_local_port_range="32768 60999", or give the agent ports outside with --resources`,
  };
}

function kvm(facts: HostFacts): Finding {
  if (facts.kvm) return ok('kvm', 'single guests run with KVM');
  return {
    ...{
      check: 'kvm',
      level: 'note',
      sentence: 'this user may not use /dev/kvm: single guests run in emulation, slowly',
    },
    remedy: 'load kvm_intel or kvm_amd, and have the user of the app in the group kvm',
  };
}

function kernel({ release, fixedAddresses }: HostFacts): Finding {
  if (fixedAddresses === true) return ok('kernel', `Linux ${release}, address randomisation can be switched off`);
  if (fixedAddresses === null)
    return {
      ...{
        check: 'kernel',
        level: 'note',
        sentence: `Linux ${release}; there is no setarch to try replicas' start with`,
      },
      remedy: 'apt-get install util-linux',
    };
  return {
    ...{ check: 'kernel', level: 'problem' },
    sentence: 'programs cannot be started without address randomisation: replicated programs will not start',
    remedy: 'let the container of the agent call personality(2), for instance with another seccomp profile',
  };
}

function programs({ programsMissing }: HostFacts): Finding {
  if (programsMissing.length === 0) return ok('programs', 'redis-server and QEMU are there');
  return {
    ...{ check: 'programs', level: 'note', sentence: `not installed: ${programsMissing.join(', ')}` },
    remedy: 'for apps that name them: apt-get install redis-server qemu-system-x86',
  };
}

function disk({ disk: { directory, freeBytes } }: HostFacts): Finding {
  const sentence = `${mib(freeBytes)} free at ${directory}`;
  if (freeBytes >= diskBytesMin) return ok('disk', sentence);
  return {
    ...{ check: 'disk', level: 'problem', sentence: `${sentence}; a replica needs ${mib(diskBytesMin)}` },
    remedy: 'free space, or name another directory',
  };
}

/** What is not known for sure is no problem. */
function clockFinding({ offsetMs, errorMs }: ClockOffset): Finding {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const sentence = `${seconds(Math.abs(offsetMs))} s ${offsetMs < 0 ? 'behind' : 'ahead of'} the framework, give or take ${seconds(errorMs)} s`;
  if (Math.abs(offsetMs) - errorMs <= clockOffsetMsMax) return ok('clock', sentence);
  return { check: 'clock', level: 'problem', sentence, remedy: 'run a time service such as chrony on both' };
}
