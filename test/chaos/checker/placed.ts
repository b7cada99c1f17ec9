/** The calls that have a place in the order that is being looked for, by index; their name is short since old ones are all placed. */

const bitsOfWord = 16;
const fullWord = 0xffff;

export class Placed {
  readonly #words: Uint16Array;
  /** All words before it are full. */
  #low = 0;
  /** All words behind it are empty. */
  #high = 0;

  constructor(size: number) {
    this.#words = new Uint16Array(Math.ceil(size / bitsOfWord) + 1);
  }

  add(index: number): void {
    const word = Math.floor(index / bitsOfWord);
    this.#words[word] = (this.#words[word] as number) | (1 << (index % bitsOfWord));
    this.#high = Math.max(this.#high, word);
    while (this.#words[this.#low] === fullWord) this.#low++;
  }

  delete(index: number): void {
    const word = Math.floor(index / bitsOfWord);
    this.#words[word] = (this.#words[word] as number) & ~(1 << (index % bitsOfWord));
    this.#low = Math.min(this.#low, word);
    while (this.#high > 0 && this.#words[this.#high] === 0) this.#high--;
  }

  /** Of equal sets equal, of others different. */
  name(): string {
    let text = `${this.#low} ${this.#high} `;
    for (let word = this.#low; word <= this.#high; word++) text += String.fromCharCode(this.#words[word] as number);
    return text;
  }
}
