ALTER TABLE `webhook_endpoints` ADD `key_sha256` text;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `body_sha256` text;--> statement-breakpoint
CREATE UNIQUE INDEX `webhook_endpoints_key` ON `webhook_endpoints` (`project`,`key_sha256`) WHERE key_sha256 IS NOT NULL;