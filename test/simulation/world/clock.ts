import { EPOCH_MS } from '../../support/engine-driver.ts';

type Appointment = { readonly atMs: number; readonly order: number; readonly run: () => void };

/** The only time there is. It stands still while anything can still happen at this moment. */
export class Clock {
  nowMs = EPOCH_MS;
  #appointments: Appointment[] = [];
  #order = 0;

  at(atMs: number, run: () => void): void {
    this.#order += 1;
    const appointment = { atMs: Math.max(atMs, this.nowMs), order: this.#order, run };
    const index = this.#appointments.findIndex((other) => other.atMs > appointment.atMs);
    if (index < 0) this.#appointments.push(appointment);
    else this.#appointments.splice(index, 0, appointment);
  }

  after(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(this.nowMs + ms, resolve));
  }

  /** When something happens next by appointment. */
  get nextAtMs(): number {
    return this.#appointments[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  ring(): void {
    this.#appointments.shift()?.run();
  }
}

/** Lets everything that can happen without time passing happen: all of it runs in microtasks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
