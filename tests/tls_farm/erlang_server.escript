%% The ssl application as a server: escript erlang_server.escript ADDRESS CONFIG (a list of {Port, Options}).
main([Address, File]) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    {ok, [Rows]} = file:consult(File),
    {ok, Ip} = inet:parse_address(Address),
    lists:foreach(
      fun({Port, Options}) ->
              {ok, Listener} = ssl:listen(Port, [{ip, Ip}, {reuseaddr, true}, {active, false}, binary, {backlog, 64} | Options]),
              spawn(fun() -> accept(Listener) end)
      end, Rows),
    receive stop -> ok end.

accept(Listener) ->
    {ok, Transport} = ssl:transport_accept(Listener),
    Pid = spawn(fun() -> receive go -> ok end, handle(Transport) end),
    ssl:controlling_process(Transport, Pid),
    Pid ! go,
    accept(Listener).

handle(Transport) ->
    case ssl:handshake(Transport, 10000) of
        {ok, Socket} ->
            case ssl:recv(Socket, 0, 10000) of
                {ok, _} -> ssl:send(Socket, <<"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n">>);
                _ -> ok
            end,
            ssl:close(Socket);
        _ -> ok
    end.
