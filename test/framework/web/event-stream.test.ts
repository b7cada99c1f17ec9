import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EventParser } from '../../../framework/web/model/event-stream.js';

const stream =
  ': heartbeat\n\nevent: alive\ndata: {"at":"x"}\n\nid: 7\nevent: changes\ndata: a\ndata:b\n\ndata: plain\r\n\r\n';
const events = [
  { id: null, type: 'alive', data: '{"at":"x"}' },
  { id: '7', type: 'changes', data: 'a\nb' },
  { id: null, type: 'message', data: 'plain' },
];

describe('web: event stream', () => {
  it('gives the same events however the text is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const parser = new EventParser();
        const pieces = places.slice(1).map((end, index) => stream.slice(places[index], end));
        assert.deepEqual(
          pieces.flatMap((piece) => parser.push(piece)),
          events,
        );
      }),
    );
  });

  it('an event that has not ended is not told', () => {
    assert.deepEqual(new EventParser().push('data: half'), []);
  });
});
