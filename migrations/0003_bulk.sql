CREATE TABLE `bulk_actions` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`created_at` integer NOT NULL,
	`body` text NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `bulk_actions_created` ON `bulk_actions` (`project`,`created_at`,`id`);