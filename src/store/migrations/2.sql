-- Whether Alertmanagers were told that the alert fires.
ALTER TABLE alerts ADD COLUMN pushed INTEGER NOT NULL DEFAULT 0;
