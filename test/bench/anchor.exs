# Measures Elixir's Registry and Erlang's pg (and PgRegistry, if its checkout is given) on this machine, for
# `npm run bench:report -- FILE --anchor ANCHOR.json`.
#
#     elixir test/bench/anchor.exs ANCHOR.json [CHECKOUT_OF_PG_REGISTRY]
#
# Each figure is the median of nine rounds of some 200 ms, after two rounds that are not counted. The work is that of
# test/bench/reads.bench.ts and writes.bench.ts: lookups over 10,000 string keys, one entry each; a registration and its end beside
# 10,000 entries, each time under another key.

defmodule Anchor do
  @keys 10_000
  @rounds 9
  @warm_up 2
  @round_us 200_000

  def main([file | checkout]) do
    for source <- Enum.flat_map(checkout, &sources/1), do: Code.require_file(source)
    keys = List.to_tuple(for n <- 1..@keys, do: "key-#{n}")
    fresh = List.to_tuple(for n <- 1..@keys, do: "fresh-#{n}")

    figures =
      registry(keys, fresh) ++ pg(keys, fresh) ++ if(checkout == [], do: [], else: pg_registry(keys, fresh))

    File.write!(file, json(figures))
    IO.puts(json(figures))
  end

  defp sources(checkout), do: [Path.join(checkout, "lib/pg_registry/pg.ex"), Path.join(checkout, "lib/pg_registry.ex")]

  defp registry(keys, fresh) do
    {:ok, _} = Registry.start_link(keys: :duplicate, name: Anchor.Registry)
    hold(keys, fn key -> {:ok, _} = Registry.register(Anchor.Registry, key, %{"load" => 1}) end)

    [
      {"Elixir's Registry", "lookup", rate(fn n -> [{_, _}] = Registry.lookup(Anchor.Registry, at(keys, n)) end)},
      {"Elixir's Registry", "register + unregister",
       rate(fn n ->
         key = at(fresh, n)
         {:ok, _} = Registry.register(Anchor.Registry, key, %{"load" => 1})
         :ok = Registry.unregister(Anchor.Registry, key)
       end)}
    ]
  end

  defp pg(keys, fresh) do
    {:ok, _} = :pg.start_link(:anchor)
    hold(keys, fn key -> :ok = :pg.join(:anchor, key, self()) end)

    [
      {"Erlang's pg", "lookup", rate(fn n -> [_] = :pg.get_members(:anchor, at(keys, n)) end)},
      {"Erlang's pg", "register + unregister",
       rate(fn n ->
         key = at(fresh, n)
         :ok = :pg.join(:anchor, key, self())
         :ok = :pg.leave(:anchor, key, self())
       end)}
    ]
  end

  # Called by name at run time: the module exists only if the checkout was given.
  defp pg_registry(keys, fresh) do
    module = PgRegistry
    {:ok, _} = apply(module, :start_link, [Anchor.PgRegistry])
    hold(keys, fn key -> {:ok, _} = apply(module, :register, [Anchor.PgRegistry, key, %{"load" => 1}]) end)

    [
      {"Elixir's PgRegistry", "lookup", rate(fn n -> [{_, _}] = apply(module, :lookup, [Anchor.PgRegistry, at(keys, n)]) end)},
      {"Elixir's PgRegistry", "register + unregister",
       rate(fn n ->
         key = at(fresh, n)
         {:ok, _} = apply(module, :register, [Anchor.PgRegistry, key, %{"load" => 1}])
         :ok = apply(module, :unregister, [Anchor.PgRegistry, key])
       end)}
    ]
  end

  # Another process holds what is there already: what a process unregisters costs more the more it holds, in all three.
  defp hold(keys, register) do
    parent = self()

    spawn_link(fn ->
      for key <- Tuple.to_list(keys), do: register.(key)
      send(parent, :held)
      Process.sleep(:infinity)
    end)

    receive do
      :held -> :ok
    end
  end

  defp at(keys, n), do: elem(keys, rem(n, @keys))

  defp rate(work) do
    times = calibrate(work, 1_000)
    rates = for _ <- 1..(@rounds + @warm_up), do: times / elapsed_us(work, times) * 1_000_000
    rates |> Enum.drop(@warm_up) |> Enum.sort() |> Enum.at(div(@rounds, 2))
  end

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
      for {system, work, rate} <- figures,
          do: ~s(  { "system": "#{system}", "work": "#{work}", "value": #{Float.round(rate, 1)}, "unit": "/s" })

    "[\n" <> Enum.join(rows, ",\n") <> "\n]\n"
  end
end

case System.argv() do
  [] -> raise "Name the file to write: elixir test/bench/anchor.exs ANCHOR.json [CHECKOUT_OF_PG_REGISTRY]"
  args -> Anchor.main(args)
end
