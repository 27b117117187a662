/** The first tables. Times are milliseconds since the epoch, sizes bytes; what is not known is null. */
export const FIRST = `
create table requests (
    key           text primary key not null,
    principal     text not null,
    command       text not null,
    wishes        text not null, -- JSON list
    store         text not null,
    process_host  text not null,
    process_pid   integer not null,
    process_start text not null,
    began_ms      integer not null,
    ended_ms      integer,
    ended         text
);
create index requests_open on requests(began_ms) where ended is null;

create table builds (
    number      integer primary key autoincrement not null,
    request     text not null references requests(key) on delete cascade,
    drv_path    text not null,
    full_name   text not null, -- with version, without .drv
    name        text not null, -- without version
    system      text not null,
    planned_ms  integer not null,
    ended_ms    integer,
    ended       text,
    builder     text,
    duration_ms integer,
    message     text,
    unique (request, drv_path)
);
create index builds_by_drv on builds(drv_path);
create index builds_by_name on builds(name, number);
create index builds_by_time on builds(planned_ms);

create table outputs (
    build integer not null references builds(number) on delete cascade,
    name  text not null,
    path  text not null,
    bytes integer, -- of its NAR
    primary key (build, name)
);
create index outputs_by_path on outputs(path);

create table attempts (
    build         integer not null references builds(number) on delete cascade,
    attempt       integer not null,
    builder       text not null,
    local         integer not null, -- 0 or 1
    placement     text not null, -- JSON
    began_ms      integer not null,
    building_ms   integer,
    ended_ms      integer,
    ended         text,
    detail        text,
    message       text,
    cpu_user_us   integer,
    cpu_system_us integer,
    memory_peak   integer,
    primary key (build, attempt)
);
create index attempts_by_builder on attempts(builder, began_ms);

create table copies (
    id         integer primary key autoincrement not null,
    request    text not null references requests(key) on delete cascade,
    from_store text not null,
    to_store   text not null,
    paths      integer not null,
    bytes      integer not null,
    began_ms   integer not null,
    ended_ms   integer not null,
    error      text
);
create index copies_by_request on copies(request);

create table copied_paths (
    copy  integer not null references copies(id) on delete cascade,
    path  text not null,
    bytes integer not null,
    primary key (copy, path)
);
create index copied_paths_by_path on copied_paths(path);

create table paths (
    path    text not null,
    request text not null references requests(key) on delete cascade,
    origin  text not null, -- JSON
    signed_by text not null, -- JSON list of names of keys
    at_ms   integer not null,
    primary key (path, request)
);
create index paths_by_request on paths(request);
`;
