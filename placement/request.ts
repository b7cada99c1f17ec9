/** What a group request must be like before anything is placed. */
import { affinityFault } from './affinity.js';
import { constraintFault } from './constraints.js';
import { rungFault } from './ladder.js';
import { dimensions, specificPorts } from './resources.js';
import type { GroupRequest, ReplicaDemand } from './types.js';
import { wishesMax } from './wishes.js';

/** Field, value and remedy in one sentence, or null when the request is in order. */
export function groupFault(group: GroupRequest): string | null {
  return (
    slotsFault(group) ??
    demandFault(group) ??
    constraintsFault(group) ??
    preferencesFault(group) ??
    spreadFault(group) ??
    affinityFault(group)
  );
}

function constraintsFault({ constraints }: GroupRequest): string | null {
  for (const constraint of constraints) {
    const fault = constraintFault(constraint);
    if (fault) return fault;
  }
  return null;
}

function preferencesFault({ preferences = [] }: GroupRequest): string | null {
  if (preferences.length > wishesMax) return `preferences has ${preferences.length} entries; use at most ${wishesMax}`;
  for (const [i, constraint] of preferences.entries()) {
    const fault = constraintFault(constraint);
    if (fault) return `preferences[${i}]: ${fault}`;
  }
  return null;
}

function spreadFault({ spread }: GroupRequest): string | null {
  for (const [i, rung] of spread.entries()) {
    const fault = rungFault(rung);
    if (fault) return `spread[${i}].${fault}`;
  }
  return null;
}

function slotsFault({ slots }: GroupRequest): string | null {
  const wrong = slots.find((slot, i) => !Number.isInteger(slot) || slot < 0 || slots.indexOf(slot) !== i);
  return wrong === undefined ? null : `slots holds ${wrong}; give whole numbers from 0, each once`;
}

function demandFault({ demand }: GroupRequest): string | null {
  const scalar = dimensions.find((dimension) => !(Number.isFinite(demand[dimension]) && demand[dimension] >= 0));
  if (scalar) return `demand.${scalar} is ${demand[scalar]}; give a number of at least 0`;
  return namedFault(demand) ?? portsFault(demand);
}

function namedFault({ scalars = {}, sets = {} }: ReplicaDemand): string | null {
  const scalar = Object.entries(scalars).find(([, value]) => !(Number.isFinite(value) && value >= 0));
  if (scalar) return `demand.scalars.${scalar[0]} is ${scalar[1]}; give a number of at least 0`;
  const set = Object.entries(sets).find(([, count]) => !(Number.isInteger(count) && count >= 0));
  return set ? `demand.sets.${set[0]} is ${set[1]}; give a whole number of items` : null;
}

function portsFault(demand: ReplicaDemand): string | null {
  const port = demand.ports.find((p) => !Number.isInteger(p) || p < 0 || p > 65535);
  if (port !== undefined) return `demand.ports holds ${port}; give whole numbers from 1 to 65535, or 0 for any port`;
  const specific = specificPorts(demand);
  const twice = specific.find((p, i) => specific.indexOf(p) !== i);
  return twice === undefined ? null : `demand.ports asks for port ${twice} twice; name each port once`;
}
