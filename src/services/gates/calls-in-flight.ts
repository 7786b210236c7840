import type { Permit } from '../ports/targets/target-gates.ts';

/** A call of which nobody has said for so long that it goes on is over, one way or another. */
const SILENT_MS = 60_000;
/** The same for a call that others wait for, of which is spoken every five seconds. */
const PROBE_HEARD_MS = 10_000;

/** When each call that was let through was last heard of: who was cut off never says that it has ended. */
export class CallsInFlight {
  readonly #heardAtMs = new Map<Permit, number>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(permit: Permit): void {
    this.#heardAtMs.set(permit, this.#nowMs());
  }

  goesOn(permit: Permit): void {
    if (this.#heardAtMs.has(permit)) this.#heardAtMs.set(permit, this.#nowMs());
  }

  end(permit: Permit): void {
    this.#heardAtMs.delete(permit);
  }

  get count(): number {
    const silentSinceMs = this.#nowMs() - SILENT_MS;
    for (const [permit, heardAtMs] of this.#heardAtMs) {
      if (heardAtMs <= silentSinceMs) this.#heardAtMs.delete(permit);
    }
    return this.#heardAtMs.size;
  }

  /** True while somebody says of a call that others wait for that it goes on. */
  get isProbing(): boolean {
    const heardSinceMs = this.#nowMs() - PROBE_HEARD_MS;
    return [...this.#heardAtMs].some(([{ urgent }, atMs]) => urgent && atMs > heardSinceMs);
  }
}
