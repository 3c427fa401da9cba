-- Two roles on PostgreSQL: one owns the tables and migrates, the application's may write history and never change it.
-- The ledgers of what was known when are written by triggers with the owner's rights: the application's role reads them.
-- Run as a superuser in Seika's own database, before the first `migrate`; give both roles a password of your own.
CREATE ROLE seika_owner LOGIN;
CREATE ROLE seika_app LOGIN;
GRANT CREATE, USAGE ON SCHEMA public TO seika_owner;
GRANT USAGE ON SCHEMA public TO seika_app;

-- Run as seika_owner after each `migrate` (DATABASE_URL names seika_owner for `migrate`, seika_app for everything else).
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO seika_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO seika_app;
DO $$
DECLARE history text; known text;
BEGIN
    FOR history IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^[a-z]+_historical|^kpis_(seal|auditcopy)$' LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM seika_app', history);
    END LOOP;
    -- Seals and what makes a database a copy are written by seika_owner alone (seal_history, load_audit_fixture).
    REVOKE INSERT ON kpis_seal, kpis_auditcopy FROM seika_app;
    FOR known IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^[a-z]+_known' LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %I FROM seika_app', known);
    END LOOP;
END $$;
