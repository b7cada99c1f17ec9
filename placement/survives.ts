/** Which failures a group survives: the loss of how many domains leaves a majority, whichever they are. */
import { majorityOf } from './cluster.js';
import { domainKeys, domainValue, type Located } from './domains.js';

export interface DomainSurvival {
  /** A rung of the ladder, or 'agent'. */
  domain: string;
  /** Any so many domains at once may fail. 0: the loss of one can take the majority. */
  failuresMax: number;
  /** The domain with most replicas, by its value. */
  fullest: string;
  /** Replicas lost with it. */
  replicasInFullest: number;
  /** Replicas whose domain is unknown; each may be in the fullest. */
  unknown: number;
}

export interface Survival {
  domains: DomainSurvival[];
  /** 'survives the loss of any one rack, or any one agent; not of zone a, which holds 2 of 3' */
  sentence: string;
}

/**
 * @param replicas all that count for the majority, wherever they are
 * @param ladder failure domains from the widest to the narrowest; agents are always looked at too
 */
export function survives(replicas: readonly (Located & { agentId: string })[], ladder: readonly string[]): Survival {
  const keys = replicas.map((replica) => domainKeys(replica, ladder));
  const rungs = ladder.map((domain, rung) => {
    const homes = replicas.map((replica, i) => {
      const value = domainValue(replica, domain);
      return value === null ? null : { key: keys[i]?.[rung] as string, value };
    });
    return survival(domain, homes);
  });
  const agents = survival(
    'agent',
    replicas.map(({ agentId }) => ({ key: agentId, value: agentId })),
  );
  const domains = [...rungs, agents];
  return { domains, sentence: sentence(domains, replicas.length) };
}

function survival(domain: string, homes: ({ key: string; value: string } | null)[]): DomainSurvival {
  const counts = new Map<string, { value: string; count: number }>();
  for (const home of homes)
    if (home) counts.set(home.key, { value: home.value, count: (counts.get(home.key)?.count ?? 0) + 1 });
  const unknown = homes.filter((home) => home === null).length;
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count);
  const spare = homes.length - majorityOf(homes.length);
  let lost = unknown;
  let failuresMax = 0;
  for (const { count } of sorted) {
    lost += count;
    if (lost > spare) break;
    failuresMax += 1;
  }
  return { domain, failuresMax, fullest: sorted[0]?.value ?? '', replicasInFullest: sorted[0]?.count ?? 0, unknown };
}

function sentence(domains: DomainSurvival[], size: number): string {
  if (size === 0) return 'there are no replicas';
  const survived = domains.filter(({ failuresMax }) => failuresMax > 0).map(anyText);
  const lost = domains.filter(({ failuresMax }) => failuresMax === 0).map((domain) => lossText(domain, size));
  const first = survived.length > 0 ? `survives the loss of ${survived.join(', or ')}` : 'survives no failure';
  return lost.length > 0 ? `${first}; not of ${lost.join(', nor of ')}` : first;
}

function anyText({ domain, failuresMax }: DomainSurvival): string {
  return failuresMax === 1 ? `any one ${domain}` : `any ${failuresMax} ${domain}s`;
}

function lossText({ domain, fullest, replicasInFullest, unknown }: DomainSurvival, size: number): string {
  if (replicasInFullest === 0) return `a ${domain}: none is known`;
  const more = unknown > 0 ? ` and maybe ${unknown} more, whose ${domain} is unknown` : '';
  return `${domain} ${fullest}, which holds ${replicasInFullest} of ${size}${more}`;
}
