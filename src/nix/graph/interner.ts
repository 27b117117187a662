import { decodeText, encodeText } from "#base/text.ts";

/** Gives each text a small number, in order of first sight, and keeps one copy of it. */
export class Interner<T extends string = string> {
  readonly #ids = new Map<string, number>();
  readonly #texts: T[] = [];

  get size(): number {
    return this.#texts.length;
  }

  idOf(text: T): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const own = detach(text);
    const id = this.#texts.push(own) - 1;
    this.#ids.set(own, id);
    return id;
  }

  find(text: T): number | undefined {
    return this.#ids.get(text);
  }

  textOf(id: number): T {
    return this.#texts[id]!;
  }
}

/** A copy of a text that does not keep the larger text alive from which it was cut. */
export function detach<T extends string>(text: T): T {
  return decodeText(encodeText(text)) as T;
}
