/** Reads Prometheus' text format, and fails on what its specification does not allow. */
import assert from 'node:assert/strict';
import lodash from 'lodash';

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  type: string;
  help: string;
  samples: Sample[];
}

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;
const suffixes: Record<string, string[]> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

export class Exposition {
  readonly families = new Map<string, Family>();

  constructor(text: string) {
    assert.ok(text.endsWith('\n'), 'the last line has no end');
    let family: Family | null = null;
    let familyName = '';
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const help = /^# HELP (\S+) (.+)$/.exec(line);
      const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
      if (help) {
        familyName = help[1] as string;
        assert.match(familyName, namePattern);
        assert.ok(!this.families.has(familyName), `${familyName} comes twice`);
        family = { type: 'untyped', help: help[2] as string, samples: [] };
        this.families.set(familyName, family);
      } else if (type) {
        assert.ok(family && type[1] === familyName, line);
        family.type = type[2] as string;
      } else {
        const sample = readSample(line);
        const names = (suffixes[family?.type ?? ''] ?? ['']).map((suffix) => familyName + suffix);
        assert.ok(names.includes(sample.name), `${sample.name} stands below ${familyName}`);
        family?.samples.push(sample);
      }
    }
    for (const [name, one] of this.families) check(name, one);
  }

  /** The samples of this name that have all of these labels. */
  samples(name: string, labels: Record<string, string> = {}): Sample[] {
    const all = [...this.families.values()].flatMap(({ samples }) => samples);
    const fits = (sample: Sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
    return all.filter((sample) => sample.name === name && fits(sample));
  }

  /** The value of the only one. */
  value(name: string, labels: Record<string, string> = {}): number {
    const [first, ...more] = this.samples(name, labels);
    assert.ok(
      first && more.length === 0,
      `${more.length + (first ? 1 : 0)} samples of ${name}${JSON.stringify(labels)}`,
    );
    return first.value;
  }
}

function readSample(line: string): Sample {
  const [, name, labelText = '', valueText] = samplePattern.exec(line) ?? assert.fail(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  labelPattern.lastIndex = 0;
  while (labelPattern.lastIndex < labelText.length) {
    const at = labelPattern.lastIndex;
    const [, label, value] = labelPattern.exec(labelText) ?? assert.fail(`labels at ${at}: ${line}`);
    assert.ok(!((label as string) in labels), `${label} comes twice: ${line}`);
    labels[label as string] = (value as string).replaceAll(/\\(.)/g, (_, character) =>
      character === 'n' ? '\n' : character,
    );
  }
  const known: Record<string, number> = { '+inf': Number.POSITIVE_INFINITY, nan: Number.NaN };
  const value = known[(valueText as string).toLowerCase()] ?? Number(valueText);
  assert.ok(!Number.isNaN(value) || /^nan$/i.test(valueText as string), `not a number: ${line}`);
  return { name: name as string, labels, value };
}

/** Counters end in _total and are never negative; buckets rise and end with all; no series comes twice. */
function check(name: string, { type, samples }: Family): void {
  const keys = samples.map((sample) => sample.name + JSON.stringify(Object.entries(sample.labels).sort()));
  assert.equal(new Set(keys).size, keys.length, `${name} has a series twice`);
  if (type === 'counter') {
    assert.match(name, /_total$/);
    assert.ok(samples.every(({ value }) => value >= 0));
  }
  if (type !== 'histogram') return;
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const series = Object.entries(lodash.groupBy(buckets, ({ labels }) => JSON.stringify(lodash.omit(labels, 'le'))));
  for (const [labels, ofOne] of series) {
    const bounds = ofOne.map((bucket) =>
      bucket.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket.labels.le),
    );
    assert.deepEqual(
      bounds,
      [...bounds].sort((a, b) => a - b),
      `${name}${labels}: bounds`,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY);
    for (let i = 1; i < ofOne.length; i++)
      assert.ok((ofOne[i]?.value ?? 0) >= (ofOne[i - 1]?.value ?? 0), `${name}${labels}: buckets fall`);
    const count = samples.find((one) => one.name === `${name}_count` && sameLabels(one, labels));
    assert.equal(ofOne.at(-1)?.value, count?.value, `${name}${labels}: the last bucket is not the count`);
  }
}

const sameLabels = (sample: Sample, labels: string) => JSON.stringify(sample.labels) === labels;
