-- Roles, schemas and rights of the services. Idempotent: every run brings roles, rights and passwords up to date.
--
-- Run it in the database `recordings` as a superuser, or as a role with CREATEROLE that owns the database (the
-- administrator of a managed PostgreSQL), before any migration. It is plain SQL, so psql and a driver can both run it.
-- The passwords come as settings of the session, from SET or from the environment of psql:
--
--   PGOPTIONS='-c init.users_service_password=... -c init.users_migrate_password=...
--              -c init.records_service_password=... -c init.records_migrate_password=...' \
--     psql -v ON_ERROR_STOP=1 -d recordings -f db/init.sql
--
-- For a schema X:  X_owner    owns all objects and cannot log in
--                  X_migrate  logs in to migrate and becomes X_owner
--                  X_service  logs in to serve: reads and writes rows, creates nothing

SET client_min_messages = warning;

-- Two runs at once would trip over each other's ALTER ROLE.
DO $$ BEGIN PERFORM pg_advisory_lock(hashtext('recordings:init')); END $$;

DO $$
DECLARE
    part text;
    login text;
    password text;
BEGIN
    FOREACH part IN ARRAY ARRAY['users', 'records'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = part || '_owner') THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', part || '_owner');
        END IF;
        FOREACH login IN ARRAY ARRAY[part || '_migrate', part || '_service'] LOOP
            password := current_setting(format('init.%s_password', login));
            IF password = '' THEN
                RAISE EXCEPTION 'init.%_password is empty', login;
            END IF;
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', login);
            END IF;
            EXECUTE format('ALTER ROLE %I PASSWORD %L', login, password);
        END LOOP;
        EXECUTE format('GRANT %I TO %I', part || '_owner', part || '_migrate');
        -- Only a member may make a schema for the owner and set its default privileges; a superuser need not be one.
        IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            EXECUTE format('GRANT %I TO %I', part || '_owner', current_user);
        END IF;
    END LOOP;
END
$$;

-- PUBLIC may connect to every database and, on clusters that were upgraded from before 15, create in schema public.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT datname FROM pg_database WHERE datallowconn AND pg_has_role(datdba, 'USAGE') LOOP
        EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', name);
    END LOOP;
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO users_migrate, users_service, records_migrate, records_service',
        current_database()
    );
    IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS users AUTHORIZATION users_owner;
CREATE SCHEMA IF NOT EXISTS records AUTHORIZATION records_owner;

DO $$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['users', 'records'] LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', part);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', part, part || '_service');
        EXECUTE format(
            'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
            part || '_owner', part, part || '_service'
        );
        -- Whoever migrates, the objects are the owner's. No search_path here: with one, alembic would take every
        -- table for a new one.
        EXECUTE format('ALTER ROLE %I SET role = %L', part || '_migrate', part || '_owner');
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''5s''', part || '_migrate');
        EXECUTE format('ALTER ROLE %I SET search_path = %I', part || '_service', part);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''5s''', part || '_service');
    END LOOP;
END
$$;

-- A statement of users touches a row or two; one of records copies at most a window of audio, or deletes a record.
ALTER ROLE users_service SET statement_timeout = '10s';
ALTER ROLE records_service SET statement_timeout = '60s';
ALTER ROLE users_service SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE records_service SET idle_in_transaction_session_timeout = '120s';

DO $$ BEGIN PERFORM pg_advisory_unlock(hashtext('recordings:init')); END $$;
