/** What is needed of an object to move its alarm. */
export type AlarmPorts = {
  /** Replaces the object's one alarm. */
  setAlarm(atMs: number): void;
  nowMs(): number;
};

/** An alarm that should have fired so long ago does not stand any more. */
const OVERDUE_MS = 60_000;

/** An object's one alarm as a model of the object knows it: whether it stands, and for when. */
export class StandingAlarm {
  readonly #ports: AlarmPorts;
  #atMs: number | null;

  constructor(ports: AlarmPorts, standsAtMs: number | null) {
    this.#ports = ports;
    this.#atMs = standsAtMs;
  }

  get stands(): boolean {
    return this.#atMs !== null && this.#atMs >= this.#ports.nowMs() - OVERDUE_MS;
  }

  /** To be told of every firing, before anything else is done in it. */
  fired(): void {
    this.#atMs = null;
  }

  /**
   * Makes sure that it fires by then; infinity for never. It is only moved forward, to a whole millisecond that is
   * still to come: the runtime loses an alarm that is set to the one it runs for.
   */
  arm(dueAtMs: number): void {
    if (!Number.isFinite(dueAtMs)) return;
    const atMs = Math.max(Math.ceil(dueAtMs), Math.ceil(this.#ports.nowMs()) + 1);
    if (this.#atMs !== null && this.#atMs <= atMs && this.stands) return;
    this.#ports.setAlarm(atMs);
    this.#atMs = atMs;
  }
}
