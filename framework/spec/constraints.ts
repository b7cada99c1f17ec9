import { type Constraint, constraintFault } from '../../placement/index.js';
import { type Problems, show } from './problems.js';

type Operator = Constraint['operator'];

/** What Marathon says of a value that does not suit its operator, word for word (its SchedulingValidation). */
const WORDS: Record<Operator, string> = {
  UNIQUE: 'UNIQUE does not accept a value',
  CLUSTER: 'illegal constraint specification',
  GROUP_BY: 'GROUP BY must define an integer value or else no value at all',
  LIKE: 'is not a valid regular expression',
  UNLIKE: 'is not a valid regular expression',
  MAX_PER: 'MAX_PER requires an integer value',
  IS: 'IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)',
};

/** Rows of strings to constraints; what is wrong with row i is a problem at `/constraints(i)` or `/preferences(i)`. */
export function readConstraints(
  rows: string[][],
  list: 'constraints' | 'preferences',
  problems: Problems,
): Constraint[] {
  return rows.map((row, index) => {
    const [field = '', operator = '', value = null] = row;
    const constraint = { field, operator: operator.toUpperCase() as Operator, value };
    const fault = faultOf(row, constraint);
    if (fault !== null) {
      const [words, remedy] = fault;
      problems.add('rule', `/${list}(${index})`, words, `${list.slice(0, -1)} ${index} is ${show(row)}; ${remedy}`);
    }
    return constraint;
  });
}

/** Marathon's words and the remedy, or null. What a value must be is for `placement` to say, since it uses it. */
function faultOf(row: string[], constraint: Constraint): [words: string, remedy: string] | null {
  if (row.length < 2 || row.length > 3) {
    return ['Each constraint must have either 2 or 3 fields', 'write ["field", "OPERATOR"] or with a value'];
  }
  if (constraint.operator === 'UNIQUE' && constraint.value !== null)
    return [WORDS.UNIQUE, `leave ${show(constraint.value)} out, or use MAX_PER with a number`];
  const fault = constraintFault(constraint);
  if (fault === null) return null;
  if (constraint.field === '') return ['missing field for constraint declaration', fault];
  if (!Object.hasOwn(WORDS, constraint.operator)) {
    return ['operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS', fault];
  }
  const isPattern = constraint.operator === 'LIKE' || constraint.operator === 'UNLIKE';
  if (isPattern && !constraint.value) return ['LIKE and UNLIKE require a non-empty, regular expression value', fault];
  return [WORDS[constraint.operator], fault];
}
