import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeJson } from '../../../framework/mesos-local/json.js';
import { convert, message, optional, repeated, required } from '../../../framework/mesos-local/proto.js';

describe('mesos-local: JSON as Mesos writes and reads it', () => {
  it('prints doubles with a fraction and integers without, and leaves unset fields out', () => {
    const status = {
      timestamp: 15,
      scalar: { value: 4 },
      port: 5050,
      unset: undefined,
      uuid: 'x',
      list: [{ value: 0.5 }],
    };
    assert.equal(
      encodeJson(status),
      '{"timestamp":15.0,"scalar":{"value":4.0},"port":5050,"uuid":"x","list":[{"value":0.5}]}',
    );
  });

  it('is JSON for every object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        assert.deepEqual(JSON.parse(encodeJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  const TYPE = message({
    id: required(message({ value: required('string') })),
    kind: optional({ enum: ['A', 'B'] }),
    amount: optional('double'),
    on: optional('bool'),
    items: repeated(message({ name: required('string') })),
  });

  it('ignores unknown fields and enum names, reads numbers from strings, fills repeated fields', () => {
    const json = { id: { value: 'x', extra: 1 }, kind: 'C', amount: '1.5', bogus: true, on: null };
    assert.deepEqual(convert(json, TYPE), { id: { value: 'x' }, amount: 1.5, items: [] });
  });

  const errors: [unknown, RegExp][] = [
    [{}, /^Missing required fields: id$/],
    [{ id: {}, items: [{}] }, /^Missing required fields: id\.value, items\[0\]\.name$/],
    [{ id: 'x' }, /^Not expecting a JSON string for field 'id'$/],
    [{ id: { value: 5 } }, /^Not expecting a JSON number for field 'value'$/],
    [{ id: { value: 'x' }, items: {} }, /^Not expecting a JSON object for field 'items'$/],
    [{ id: { value: 'x' }, on: 'yes' }, /^Not expecting a JSON string for field 'on'$/],
    [{ id: { value: 'x' }, amount: 'much' }, /'much'/],
    [[], /^Expecting a JSON object$/],
  ];
  for (const [json, text] of errors) {
    it(`refuses ${JSON.stringify(json)}`, () => {
      assert.throws(
        () => convert(json, TYPE),
        (error: Error) => text.test(error.message),
      );
    });
  }
});
