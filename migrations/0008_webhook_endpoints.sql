CREATE TABLE `webhook_endpoints` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`events` text NOT NULL,
	`payload` text NOT NULL,
	`ordered` integer NOT NULL,
	`headers` text NOT NULL,
	`secrets` text NOT NULL,
	`secrets_changed_at` integer NOT NULL,
	`state` text NOT NULL,
	`state_reason` text,
	`state_since` integer NOT NULL,
	`description` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
