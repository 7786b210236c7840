CREATE TABLE `removed_webhook_endpoints` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`removed_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
