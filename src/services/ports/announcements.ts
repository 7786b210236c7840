import type { ProjectId } from '../../domain/ids.ts';
import type { Announcement } from '../../domain/webhook.ts';

/** Tells a project's webhook endpoints. It answers once what they want is stored with their deliveries; it may be repeated. */
export type Announcements = {
  announce(project: ProjectId, announcements: readonly Announcement[]): Promise<void>;
};
