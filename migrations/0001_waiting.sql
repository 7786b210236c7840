ALTER TABLE `jobs` ADD `waiting_kind` text;--> statement-breakpoint
ALTER TABLE `jobs` ADD `waiting_until` integer;--> statement-breakpoint
ALTER TABLE `jobs` ADD `waiting_version` integer;--> statement-breakpoint
CREATE INDEX `jobs_waiting` ON `jobs` (`project`,`waiting_kind`,`id`) WHERE waiting_kind IS NOT NULL;