# Measures Elixir's Registry and Erlang's pg (and PgRegistry, if its checkout is given) on this machine, for
# `npm run bench -- --anchor ANCHOR.json`.
#
#     elixir --sname anchor test/bench/anchor/elixir.exs ANCHOR.json [CHECKOUT_OF_PG_REGISTRY]
#
# Each figure is the median of nine rounds of some 200 ms, after two rounds that are not counted. The work is that of the benchmark that
# it names: the same number of keys, members and rows. With --sname a second BEAM node on this machine is measured, too: calls of a
# process there, and from a join of pg here until a monitor there hears of it. Without it those figures are left out. (--sname starts
# epmd, Erlang's port mapper, which goes on running.)

defmodule Anchor do
  @keys 10_000
  @rows 20_000
  @rounds 9
  @warm_up 2
  @round_us 200_000
  @registry "Elixir's Registry"
  @pg "Erlang's pg"
  @pg_registry "Elixir's PgRegistry"

  def main([file | checkout]) do
    for source <- Enum.flat_map(checkout, &sources/1), do: Code.require_file(source)
    keys = List.to_tuple(for n <- 1..@keys, do: "user:#{n}")
    fresh = List.to_tuple(for n <- 1..@keys, do: "job:#{n}")

    figures =
      registry(keys, fresh) ++
        pg(keys, fresh) ++
        if(checkout == [], do: [], else: pg_registry(keys, fresh)) ++
        if(Node.alive?(), do: other_node(), else: [])

    File.write!(file, json(figures))
    IO.puts(json(figures))
  end

  defp sources(checkout), do: [Path.join(checkout, "lib/pg_registry/pg.ex"), Path.join(checkout, "lib/pg_registry.ex")]

  defp registry(keys, fresh) do
    {:ok, _} = Registry.start_link(keys: :duplicate, name: Anchor.Registry)
    hold(keys, fn key -> {:ok, _} = Registry.register(Anchor.Registry, key, key) end)
    {:ok, _} = Registry.start_link(keys: :duplicate, name: Anchor.Rooms)
    rooms = for n <- 1..100, do: "room:#{n}"
    for n <- 1..100, do: hold(rooms, fn room -> {:ok, _} = Registry.register(Anchor.Rooms, room, member(n)) end)
    {:ok, _} = Registry.start_link(keys: :duplicate, name: Anchor.Rows)
    hold(Enum.to_list(1..@rows), fn n -> {:ok, _} = Registry.register(Anchor.Rows, {div(n, 100), n}, row(n)) end)
    {:ok, _} = Registry.start_link(keys: :unique, name: Anchor.Unique)
    for key <- Tuple.to_list(fresh), do: {:ok, _} = Registry.register(Anchor.Unique, key, 0)
    half = div(@rows, 20)
    tenth = div(@rows, 10)

    [
      figure(@registry, "lookup, 10,000 string keys", "/s", fn n -> [{_, _}] = Registry.lookup(Anchor.Registry, at(keys, n)) end),
      figure(@registry, "lookup, 100 members", "/s", fn n -> 100 = length(Registry.lookup(Anchor.Rooms, "room:#{rem(n, 100) + 1}")) end),
      figure(@registry, "match, 100 members, object pattern", "keys/s", fn _ ->
        50 = length(Registry.match(Anchor.Rooms, "room:1", %{kind: "even"}))
      end),
      figure(@registry, "register + unregister beside 10,000 entries", "pairs/s", fn n ->
        key = at(fresh, n)
        {:ok, _} = Registry.register(Anchor.Registry, key, n)
        :ok = Registry.unregister(Anchor.Registry, key)
      end),
      # Unique keys: Registry updates no others.
      figure(@registry, "updateValue", "/s", fn n -> {_, _} = Registry.update_value(Anchor.Unique, at(fresh, n), fn _ -> n end) end),
      figure(@registry, "select, 20,000 rows", "rows/s", @rows, fn _ ->
        ^half =
          length(
            Registry.select(Anchor.Rows, [{{:_, :_, %{kind: "leader", load: :"$1"}}, [{:<, :"$1", 50}], [:"$1"]}])
          )
      end),
      figure(@registry, "countSelect, 20,000 rows", "rows/s", @rows, fn _ ->
        ^tenth = Registry.count_select(Anchor.Rows, [{{:_, :_, %{kind: "leader"}}, [], [true]}])
      end)
    ]
  end

  defp pg(keys, fresh) do
    {:ok, _} = :pg.start_link(:anchor)
    hold(keys, fn key -> :ok = :pg.join(:anchor, key, self()) end)

    [
      figure(@pg, "lookup, 10,000 string keys", "/s", fn n -> [_] = :pg.get_members(:anchor, at(keys, n)) end),
      figure(@pg, "register + unregister beside 10,000 entries", "pairs/s", fn n ->
        key = at(fresh, n)
        :ok = :pg.join(:anchor, key, self())
        :ok = :pg.leave(:anchor, key, self())
      end),
      members(1_000),
      members(10_000)
    ]
  end

  # pg has no count of its entries, so it is not asked for one.
  defp members(count) do
    pids = List.to_tuple(Enum.shuffle(for _ <- 1..count, do: spawn_link(fn -> Process.sleep(:infinity) end)))
    group = {:members, count}
    :ok = :pg.join(:anchor, group, Tuple.to_list(pids))
    name = if(count == 1_000, do: "1,000", else: "10,000")

    figure(@pg, "a key of #{name} members: leave + join, count each", "pairs/s", fn n ->
      pid = elem(pids, rem(n, count))
      :ok = :pg.leave(:anchor, group, pid)
      :ok = :pg.join(:anchor, group, pid)
    end)
  end

  # Called by name at run time: the module exists only if the checkout was given.
  defp pg_registry(keys, fresh) do
    module = PgRegistry
    {:ok, _} = apply(module, :start_link, [Anchor.PgRegistry])
    hold(keys, fn key -> {:ok, _} = apply(module, :register, [Anchor.PgRegistry, key, key]) end)

    [
      figure(@pg_registry, "lookup, 10,000 string keys", "/s", fn n ->
        [{_, _}] = apply(module, :lookup, [Anchor.PgRegistry, at(keys, n)])
      end),
      figure(@pg_registry, "register + unregister beside 10,000 entries", "pairs/s", fn n ->
        key = at(fresh, n)
        {:ok, _} = apply(module, :register, [Anchor.PgRegistry, key, n])
        :ok = apply(module, :unregister, [Anchor.PgRegistry, key])
      end)
    ]
  end

  # A node of its own operating-system process. It has this file's modules from here.
  defp other_node do
    {:ok, peer, node} =
      :peer.start_link(%{name: :peer.random_name(), args: Enum.flat_map(:code.get_path(), fn path -> ['-pa', path] end)})

    for {module, binary} <- Anchor.Peer.binaries(), do: {:module, _} = :erpc.call(node, :code, :load_binary, [module, 'elixir.exs', binary])
    echo = :erpc.call(node, Anchor.Peer, :start_echo, [])
    :ok = :erpc.call(node, Anchor.Peer, :start_pong, [])
    {ref, _} = :pg.monitor(:anchor, :pong)
    latency = median(for _ <- 1..1_300, do: there_and_back(ref))
    one = figure(@pg, "call to a remote process, 1 in flight", "calls/s", fn n -> {:echo, ^n} = GenServer.call(echo, {:echo, n}) end)
    many = in_flight(echo, 64)
    :peer.stop(peer)

    [
      {@pg, "registration here → event there, idle, p50", latency, "µs"},
      put_elem(one, 0, "Erlang's GenServer.call"),
      {"Erlang's GenServer.call", "call to a remote process, 64 in flight", many, "calls/s"}
    ]
  end

  # There and back again, so that one clock measures it; half of it is one way.
  defp there_and_back(ref) do
    Process.sleep(8)
    started = System.monotonic_time(:nanosecond)
    :ok = :pg.join(:anchor, :ping, self())

    receive do
      {^ref, :join, :pong, [_]} -> :ok
    end

    took = System.monotonic_time(:nanosecond) - started
    :ok = :pg.leave(:anchor, :ping, self())

    receive do
      {^ref, :leave, :pong, [_]} -> :ok
    end

    took / 2_000
  end

  defp in_flight(echo, count) do
    per_round = 500

    rates =
      for _ <- 1..(@rounds + @warm_up) do
        started = System.monotonic_time(:microsecond)

        1..count
        |> Enum.map(fn _ ->
          Task.async(fn -> for n <- 1..per_round, do: {:echo, ^n} = GenServer.call(echo, {:echo, n}) end)
        end)
        |> Task.await_many(60_000)

        count * per_round * 1_000_000 / (System.monotonic_time(:microsecond) - started)
      end

    median(Enum.drop(rates, @warm_up))
  end

  # Other processes hold what is there already: what a process unregisters costs more the more it holds, in all three.
  defp hold(keys, register) do
    parent = self()
    keys = if is_tuple(keys), do: Tuple.to_list(keys), else: keys

    spawn_link(fn ->
      for key <- keys, do: register.(key)
      send(parent, :held)
      Process.sleep(:infinity)
    end)

    receive do
      :held -> :ok
    end
  end

  defp member(n), do: %{kind: if(rem(n, 2) == 0, do: "even", else: "odd"), at: n, tags: []}
  defp row(n), do: %{kind: if(rem(n, 10) == 0, do: "leader", else: "worker"), load: rem(n, 100)}
  defp at(keys, n), do: elem(keys, rem(n, @keys))

  defp figure(system, benchmark, unit, each \\ 1, work), do: {system, benchmark, rate(work) * each, unit}

  defp rate(work) do
    times = calibrate(work, 16)
    median(Enum.drop(for(_ <- 1..(@rounds + @warm_up), do: times / elapsed_us(work, times) * 1_000_000), @warm_up))
  end

  defp median(figures), do: Enum.at(Enum.sort(figures), div(length(figures), 2))

  defp calibrate(work, times) do
    us = elapsed_us(work, times)
    if us > @round_us, do: times, else: calibrate(work, times * max(2, min(10, div(@round_us, max(us, 1)))))
  end

  defp elapsed_us(work, times) do
    started = System.monotonic_time(:microsecond)
    loop(work, times)
    max(System.monotonic_time(:microsecond) - started, 1)
  end

  defp loop(_work, 0), do: :ok

  defp loop(work, n) do
    work.(n)
    loop(work, n - 1)
  end

  defp json(figures) do
    rows =
      for {system, benchmark, value, unit} <- figures,
          do: ~s(  { "system": "#{system}", "benchmark": "#{benchmark}", "value": #{Float.round(value / 1, 1)}, "unit": "#{unit}" })

    "[\n" <> Enum.join(rows, ",\n") <> "\n]\n"
  end
end

{:module, peer, binary, _} =
  defmodule Anchor.Peer do
    def binaries, do: :persistent_term.get(Anchor.Peer)

    def start_echo do
      spawn(fn -> echo() end)
    end

    defp echo do
      receive do
        {:"$gen_call", from, question} -> GenServer.reply(from, question)
      end

      echo()
    end

    # Answers each join of :ping by one of :pong, and each leave by a leave.
    def start_pong do
      parent = self()

      spawn(fn ->
        {:ok, _} = :pg.start_link(:anchor)
        {ref, _} = :pg.monitor(:anchor, :ping)
        send(parent, :ready)
        pong(ref)
      end)

      receive do
        :ready -> :ok
      end
    end

    defp pong(ref) do
      receive do
        {^ref, :join, :ping, _} -> :ok = :pg.join(:anchor, :pong, self())
        {^ref, :leave, :ping, _} -> :ok = :pg.leave(:anchor, :pong, self())
      end

      pong(ref)
    end
  end

:persistent_term.put(Anchor.Peer, [{peer, binary}])

case System.argv() do
  [] -> raise "Name the file to write: elixir --sname anchor test/bench/anchor/elixir.exs ANCHOR.json [CHECKOUT_OF_PG_REGISTRY]"
  args -> Anchor.main(args)
end
